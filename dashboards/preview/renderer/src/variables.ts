/** The variables of a dashboard's JSON, with the values that the picture asks for. */
import {
  CustomVariable,
  DataSourceVariable,
  QueryVariable,
  type SceneVariable,
  SceneVariableSet,
} from '@grafana/scenes';
import type { Dashboard, VariableModel } from '@grafana/schema';

import { DATA_SOURCE_UID } from './datasource';

export type Values = Record<string, string>;

export function variableSet({ templating }: Dashboard, values: Values): SceneVariableSet {
  const models = templating?.list ?? [];
  return new SceneVariableSet({ variables: models.map((one) => variable(one, values[one.name])) });
}

function variable(model: VariableModel, asked: string | undefined): SceneVariable {
  const common = {
    name: model.name,
    label: model.label,
    hide: model.hide,
    value: asked ?? chosen(model.current?.value),
    text: asked ?? chosen(model.current?.text),
  };
  switch (model.type) {
    case 'datasource':
      return new DataSourceVariable({
        ...common,
        value: DATA_SOURCE_UID,
        text: 'Prometheus',
        regex: model.regex ?? '',
        pluginId: model.query as string,
      });
    case 'query':
      return new QueryVariable({ ...common, ...choice(model, asked), ...queried(model) });
    case 'custom':
      return new CustomVariable({
        ...common,
        ...choice(model, asked),
        query: model.query as string,
      });
    default:
      throw new Error(`the preview has no ${model.type} variable (${model.name})`);
  }
}

function chosen(value: string | string[] | Record<string, unknown> | undefined): string | string[] {
  return typeof value === 'string' || Array.isArray(value) ? value : '';
}

function choice({ allValue, includeAll, multi }: VariableModel, asked: string | undefined) {
  const defaultToAll = Boolean(includeAll) && asked === undefined;
  return { allValue: allValue ?? undefined, defaultToAll, includeAll, isMulti: multi };
}

function queried({ datasource, query, refresh, regex, sort }: VariableModel) {
  const text = typeof query === 'string' ? query : String((query as Values).query);
  return { datasource: datasource ?? null, query: text, refresh, regex: regex ?? '', sort };
}
