/** What became of a dashboard's panels and variables, once all of them have their data. */
import { type DataFrame, FieldType, LoadingState, type PanelData } from '@grafana/data';
import {
  type EmbeddedScene,
  QueryVariable,
  sceneGraph,
  type SceneObject,
  SceneVariableSet,
  VizPanel,
} from '@grafana/scenes';

export interface PanelReport {
  title: string;
  type: string;
  errors: string[];
  empty: boolean;
}
export interface Report {
  panels: PanelReport[];
  errors: string[];
}

const POLL_MS = 100;
const STEADY_POLLS = 5;
const FINAL: Array<LoadingState | undefined> = [LoadingState.Done, LoadingState.Error];

/** Wait until every panel has kept its data for a while; a changed variable asks anew. */
export async function settled(scene: EmbeddedScene, deadline: number): Promise<void> {
  let steady = 0;
  while (steady < STEADY_POLLS && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    steady = isQuiet(scene) ? steady + 1 : 0;
  }
  await document.fonts.ready;
}

export function report(scene: EmbeddedScene): Report {
  return { panels: panelsOf(scene).map(panelReport), errors: variableErrors(scene) };
}

function isQuiet(scene: EmbeddedScene): boolean {
  return panelsOf(scene).every((panel) => {
    const queried = panel.state.$data !== undefined;
    return panel.getPlugin() && (!queried || FINAL.includes(dataOf(panel)?.state));
  });
}

function panelsOf(scene: EmbeddedScene): VizPanel[] {
  const isPanel = (one: SceneObject) => one instanceof VizPanel;
  return sceneGraph.findAllObjects(scene, isPanel) as VizPanel[];
}

function dataOf(panel: VizPanel): PanelData | undefined {
  return panel.state.$data && sceneGraph.getData(panel).state.data;
}

function panelReport(panel: VizPanel): PanelReport {
  const { _pluginLoadError: pluginError, pluginId: type, title } = panel.state;
  const data = dataOf(panel);
  const errors = (data?.errors ?? []).map(({ message }) => message ?? 'unknown error');
  if (pluginError) {
    errors.push(pluginError);
  }
  if (panel.state.$data && !FINAL.includes(data?.state)) {
    errors.push('its data never came');
  }
  return { title, type, errors, empty: data !== undefined && !data.series.some(hasValues) };
}

function hasValues({ fields }: DataFrame): boolean {
  return fields.some(
    ({ type, values }) => type !== FieldType.time && values.some((value) => isValue(value)),
  );
}

function isValue(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && !Number.isNaN(value);
}

function variableErrors(scene: EmbeddedScene): string[] {
  const set = scene.state.$variables;
  const variables = set instanceof SceneVariableSet ? set.state.variables : [];
  return variables
    .filter((one) => one instanceof QueryVariable)
    .filter(({ state }) => state.error)
    .map(({ state }) => `variable ${state.name}: ${state.error}`);
}
