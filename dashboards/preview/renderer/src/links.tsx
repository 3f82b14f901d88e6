import { type SceneComponentProps, SceneObjectBase, type SceneObjectState } from '@grafana/scenes';
import type { DashboardLink } from '@grafana/schema';
import { ToolbarButton } from '@grafana/ui';

interface LinksState extends SceneObjectState {
  links: DashboardLink[];
}

/** A dashboard's links, as they look: they lead nowhere from a picture. */
export class DashboardLinks extends SceneObjectBase<LinksState> {
  static Component = ({ model }: SceneComponentProps<DashboardLinks>) =>
    model.state.links.map(({ asDropdown, icon, title, tooltip, type }) => (
      <ToolbarButton
        key={title}
        icon={type === 'dashboards' ? 'apps' : icon === 'doc' ? 'file-alt' : 'external-link-alt'}
        isOpen={asDropdown ? false : undefined}
        tooltip={tooltip}
        variant="canvas"
      >
        {title}
      </ToolbarButton>
    ));
}
