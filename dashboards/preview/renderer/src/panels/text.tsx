import { type PanelProps, renderMarkdown } from '@grafana/data';
import type { Options } from '@grafana/schema/dist/esm/raw/composable/text/panelcfg/x/TextPanelCfg_types.gen';
import { RenderUserContentAsHTML } from '@grafana/ui';

import { plugin } from './plugin';

function TextPanel({ height, options, replaceVariables, width }: PanelProps<Options>) {
  const content = replaceVariables(
    options.content,
    undefined,
    options.mode === 'html' ? 'html' : 'text',
  );
  return (
    <div style={{ height, overflow: 'hidden', width }}>
      <RenderUserContentAsHTML
        className="markdown-html"
        content={options.mode === 'markdown' ? renderMarkdown(content) : content}
      />
    </div>
  );
}

export const text = plugin<Options>({
  panel: TextPanel,
  options: { content: '', mode: 'markdown' as Options['mode'] },
});
