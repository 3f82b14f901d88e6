/** A dashboard's classic JSON as a scene, the way that Grafana makes one of it. */
import type { DataTransformerConfig } from '@grafana/data';
import {
  EmbeddedScene,
  SceneControlsSpacer,
  SceneDataTransformer,
  SceneGridItem,
  SceneGridLayout,
  SceneGridRow,
  SceneQueryRunner,
  SceneTimePicker,
  SceneTimeRange,
  VariableValueSelectors,
  VizPanel,
} from '@grafana/scenes';
import type { Dashboard, Panel, RowPanel } from '@grafana/schema';

import { DashboardLinks } from './links';
import { type Values, variableSet } from './variables';

type AnyPanel = Panel | RowPanel;

const GRID_COLUMNS = 24;
const NOT_DRAWN = ['libraryPanel', 'repeat', 'timeFrom', 'timeShift'] as const;

export function buildScene(dashboard: Dashboard, from: string, values: Values): EmbeddedScene {
  const grid = new SceneGridLayout({ children: gridItems(dashboard.panels ?? []) });
  const scene = new EmbeddedScene({
    $timeRange: new SceneTimeRange({ from, to: 'now' }),
    $variables: variableSet(dashboard, values),
    controls: [
      new VariableValueSelectors({}),
      new SceneControlsSpacer(),
      new DashboardLinks({ links: dashboard.links ?? [] }),
      new SceneTimePicker({}),
    ],
    body: grid,
  });
  openRows(grid);
  return scene;
}

/** A collapsed row names its panels; an open one has those that follow, up to the next row. */
function gridItems(panels: AnyPanel[]): Array<SceneGridItem | SceneGridRow> {
  const items: Array<SceneGridItem | SceneGridRow> = [];
  let open: SceneGridRow | undefined;
  for (const panel of panels) {
    if (panel.type === 'row') {
      const row = gridRow(panel as RowPanel);
      items.push(row);
      open = row.state.isCollapsed ? undefined : row;
    } else if (open) {
      open.setState({ children: [...open.state.children, gridItem(panel as Panel)] });
    } else {
      items.push(gridItem(panel as Panel));
    }
  }
  return items;
}

function gridRow({ collapsed, gridPos, panels, title }: RowPanel): SceneGridRow {
  const children = (panels as Panel[]).map(gridItem);
  const place = { x: 0, y: gridPos?.y ?? 0, width: GRID_COLUMNS, height: 1 };
  return new SceneGridRow({ ...place, title: title ?? '', isCollapsed: collapsed, children });
}

function gridItem(panel: Panel): SceneGridItem {
  const missing = NOT_DRAWN.filter((key) => key in panel);
  if (missing.length > 0) {
    throw new Error(`the preview cannot draw ${missing.join(', ')} (panel ${panel.title})`);
  }
  const { h: height, w: width, x, y } = panel.gridPos!;
  return new SceneGridItem({ x, y, width, height, body: vizPanel(panel) });
}

function vizPanel(panel: Panel): VizPanel {
  const { description, fieldConfig, options = {}, title = '', transparent, type } = panel;
  return new VizPanel({
    key: `panel-${panel.id}`,
    description,
    options,
    pluginId: type,
    title,
    displayMode: transparent ? 'transparent' : 'default',
    fieldConfig: (fieldConfig as VizPanel['state']['fieldConfig']) ?? {
      defaults: {},
      overrides: [],
    },
    $data: panel.targets?.length ? panelData(panel) : undefined,
  });
}

function panelData(panel: Panel): SceneDataTransformer {
  const { datasource, interval, maxDataPoints, targets = [] } = panel;
  const transformations = (panel.transformations ?? []) as DataTransformerConfig[];
  const queries = targets.map((target, index) => ({
    refId: String.fromCharCode(65 + index),
    ...target,
  }));
  const $data = new SceneQueryRunner({
    datasource,
    queries,
    maxDataPoints,
    minInterval: interval ?? undefined,
    maxDataPointsFromWidth: maxDataPoints === undefined,
  });
  return new SceneDataTransformer({ $data, transformations });
}

function openRows(grid: SceneGridLayout): void {
  for (const child of grid.state.children) {
    if (child instanceof SceneGridRow && child.state.isCollapsed) {
      child.onCollapseToggle();
    }
  }
}
