import { type FieldDisplay, getFieldDisplayValues, type PanelProps } from '@grafana/data';
import type { SingleStatBaseOptions } from '@grafana/schema';

import { theme } from '../grafana';

export const REDUCED = { values: false, calcs: ['lastNotNull'] };

export function displayValues<Options extends SingleStatBaseOptions>(
  { data, fieldConfig, options, replaceVariables, timeZone }: PanelProps<Options>,
  sparkline = false,
): FieldDisplay[] {
  return getFieldDisplayValues({
    data: data.series,
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables,
    sparkline,
    theme,
    timeZone,
  });
}
