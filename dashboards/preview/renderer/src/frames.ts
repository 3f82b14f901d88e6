/** Prometheus' series as the data frames that Grafana's Prometheus data source makes of them. */
import { type DataFrame, type Field, FieldType, toDataFrame } from '@grafana/data';
import type { DataQuery } from '@grafana/schema';

import type { Labels, Sample, Series } from './prometheus';

export interface Target extends DataQuery {
  expr: string;
  instant?: boolean;
  range?: boolean;
  format?: 'table' | 'time_series' | 'heatmap';
  interval?: string;
  legendFormat?: string;
}

const milliseconds = ([seconds]: Sample) => seconds * 1000;
const number = ([, value]: Sample) => Number(value.replace('Inf', 'Infinity'));

export function timeSeriesFrames(target: Target, series: Series[], step?: number): DataFrame[] {
  return series.map(({ metric, samples }) => {
    const name = legend(target, metric);
    return toDataFrame({
      refId: target.refId,
      name,
      fields: [
        timeField(samples, step ? { interval: step * 1000 } : {}),
        {
          name: 'Value',
          type: FieldType.number,
          labels: metric,
          config: { displayNameFromDS: name },
          values: samples.map(number),
        },
      ],
    });
  });
}

/** A row for every series: its labels and its value. */
export function tableFrame(target: Target, series: Series[], targets: number): DataFrame {
  const samples = series.flatMap((one) => one.samples);
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric).sort()))];
  const valueName = targets > 1 ? `Value #${target.refId}` : 'Value';
  return toDataFrame({
    refId: target.refId,
    fields: [
      timeField(samples),
      ...labels.map((label) => labelField(label, series)),
      { name: valueName, type: FieldType.number, config: {}, values: samples.map(number) },
    ],
  });
}

function timeField(samples: Sample[], config: Field['config'] = {}): Partial<Field> {
  return { name: 'Time', type: FieldType.time, config, values: samples.map(milliseconds) };
}

function labelField(label: string, series: Series[]): Partial<Field> {
  const values = series.flatMap(({ metric, samples }) => samples.map(() => metric[label] ?? ''));
  return { name: label, type: FieldType.string, config: { filterable: true }, values };
}

function legend({ legendFormat }: Target, labels: Labels): string | undefined {
  if (!legendFormat || legendFormat === '__auto') {
    return undefined;
  }
  return legendFormat.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label: string) => labels[label] ?? '');
}
