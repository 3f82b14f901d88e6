/** Variables and macros in PromQL, put in as Grafana's Prometheus data source does. */
import { rangeUtil, type ScopedVars } from '@grafana/data';
import { sceneGraph, type SceneObject } from '@grafana/scenes';

export interface Window {
  step: number;
  scrapeInterval: number;
  range: number;
}

export function seconds(interval: string): number {
  return rangeUtil.intervalToSeconds(interval);
}

export function interpolated(
  scene: SceneObject,
  expr: string,
  variables: ScopedVars | undefined,
  { step, scrapeInterval, range }: Window,
): string {
  const rateInterval = Math.max(step + scrapeInterval, 4 * scrapeInterval);
  const macros: ScopedVars = {
    __interval: { value: `${step}s` },
    __interval_ms: { value: step * 1000 },
    __rate_interval: { value: `${rateInterval}s` },
    __range: { value: `${range}s` },
    __range_s: { value: range },
    __range_ms: { value: range * 1000 },
  };
  return sceneGraph.interpolate(scene, expr, { ...variables, ...macros }, labelMatcher);
}

/** Write a variable's value so that it fits between the quotes of `=~"…"`. */
export function labelMatcher(value: unknown): string {
  if (Array.isArray(value)) {
    const escaped = value.map(labelMatcher);
    return escaped.length === 1 ? escaped[0] : `(${escaped.join('|')})`;
  }
  return String(value)
    .replace(/\\/g, '\\\\\\\\')
    .replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')
    .replace(/"/g, '\\"');
}
