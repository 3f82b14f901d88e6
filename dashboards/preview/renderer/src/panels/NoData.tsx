import type { PanelProps } from '@grafana/data';

export function hasFields({ data }: PanelProps): boolean {
  return data.series.some((frame) => frame.fields.length > 0);
}

export function NoData({ fieldConfig, height, width }: PanelProps) {
  const style = { alignItems: 'center', display: 'flex', height, justifyContent: 'center', width };
  return <div style={style}>{fieldConfig.defaults.noValue ?? 'No data'}</div>;
}
