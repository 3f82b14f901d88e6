/** What Grafana itself does before a dashboard can be drawn, and its libraries leave to it. */
import {
  booleanOverrideProcessor,
  createTheme,
  dataLinksOverrideProcessor,
  type DataQueryRequest,
  type DataSourceApi,
  type DataSourceInstanceSettings,
  type DataSourcePluginMeta,
  displayNameOverrideProcessor,
  EventBusSrv,
  type FieldConfigPropertyItem,
  identityOverrideProcessor,
  LoadingState,
  numberOverrideProcessor,
  type PanelData,
  type PanelPlugin,
  standardEditorsRegistry,
  standardFieldConfigEditorRegistry,
  standardTransformers,
  standardTransformersRegistry,
  ThresholdsMode,
  thresholdsOverrideProcessor,
  unitOverrideProcessor,
  valueMappingsOverrideProcessor,
} from '@grafana/data';
import { initPluginTranslations } from '@grafana/i18n';
import {
  config,
  setAppEvents,
  setDataSourceSrv,
  setPluginImportUtils,
  setRunRequest,
} from '@grafana/runtime';
import { sceneUtils } from '@grafana/scenes';
import { from, lastValueFrom, Observable } from 'rxjs';

import { DATA_SOURCE_UID, type PrometheusDataSource } from './datasource';

export const theme = createTheme({ colors: { mode: 'dark' } });

const nothing = () => null;

const FIELD_OPTIONS: Record<string, FieldConfigPropertyItem['process']> = {
  actions: identityOverrideProcessor,
  color: identityOverrideProcessor,
  decimals: numberOverrideProcessor,
  description: identityOverrideProcessor,
  displayName: displayNameOverrideProcessor,
  fieldMinMax: booleanOverrideProcessor,
  filterable: identityOverrideProcessor,
  links: dataLinksOverrideProcessor,
  mappings: valueMappingsOverrideProcessor,
  max: numberOverrideProcessor,
  min: numberOverrideProcessor,
  noValue: identityOverrideProcessor,
  thresholds: thresholdsOverrideProcessor,
  unit: unitOverrideProcessor,
};

const DEFAULTS: Record<string, unknown> = {
  mappings: [],
  thresholds: {
    mode: ThresholdsMode.Absolute,
    steps: [
      { value: -Infinity, color: 'green' },
      { value: 80, color: 'red' },
    ],
  },
};

/** An option of fields, as the registries of Grafana hold it: without its editor. */
export function fieldOption(
  id: string,
  process: FieldConfigPropertyItem['process'] = identityOverrideProcessor,
): FieldConfigPropertyItem {
  const bare = { id, path: id, name: id, editor: nothing, override: nothing };
  return { ...bare, defaultValue: DEFAULTS[id], process, shouldApply: () => true };
}

export async function startGrafana(
  source: PrometheusDataSource,
  plugins: Record<string, PanelPlugin>,
): Promise<void> {
  config.theme2 = theme;
  setAppEvents(new EventBusSrv());
  fillRegistries();
  offerDataSource(source);
  setRunRequest(runRequest);
  offerPlugins(plugins);
  await initPluginTranslations('grafana');
}

function fillRegistries(): void {
  standardFieldConfigEditorRegistry.setInit(() =>
    Object.entries(FIELD_OPTIONS).map(([id, process]) => fieldOption(id, process)),
  );
  standardEditorsRegistry.setInit(() => []);
  const transformers = new Map(Object.values(standardTransformers).map((one) => [one.id, one]));
  standardTransformersRegistry.setInit(() =>
    [...transformers.values()].map((one) => ({
      id: one.id,
      name: one.name,
      transformation: async () => one,
      editor: nothing,
      imageDark: '',
      imageLight: '',
    })),
  );
}

function offerDataSource(source: PrometheusDataSource): void {
  const info = { logos: { small: '', large: '' } };
  const meta = { id: 'prometheus', name: 'Prometheus', info } as DataSourcePluginMeta;
  const settings = {
    uid: DATA_SOURCE_UID,
    name: 'Prometheus',
    type: 'prometheus',
    meta,
    isDefault: true,
    jsonData: {},
  } as DataSourceInstanceSettings;
  source.meta = meta;
  sceneUtils.registerRuntimeDataSource({ dataSource: source });
  setDataSourceSrv({
    get: async () => source,
    getList: () => [settings],
    getInstanceSettings: () => settings,
    reload: async () => undefined,
    registerRuntimeDataSource: () => undefined,
  });
}

function runRequest(source: DataSourceApi, request: DataQueryRequest): Observable<PanelData> {
  return new Observable((subscriber) => {
    const empty = { series: [], annotations: [], timeRange: request.range, request };
    subscriber.next({ ...empty, state: LoadingState.Loading });
    void lastValueFrom(from(source.query(request))).then(({ data, errors, state }) => {
      const finished = state ?? LoadingState.Done;
      const error = errors?.[0];
      subscriber.next({ ...empty, state: finished, series: data, errors, error });
      subscriber.complete();
    });
  });
}

function offerPlugins(plugins: Record<string, PanelPlugin>): void {
  for (const [pluginId, plugin] of Object.entries(plugins)) {
    sceneUtils.registerRuntimePanelPlugin({ pluginId, plugin });
  }
  setPluginImportUtils({
    getPanelPluginFromCache: (id: string) => plugins[id],
    importPanelPlugin: async (id: string) => plugins[id],
  });
}
