/** A data source that asks a Prometheus from the browser; Grafana asks it from its server. */
import {
  type DataFrame,
  type DataQueryRequest,
  type DataQueryResponse,
  LoadingState,
  type MetricFindValue,
  type ScopedVars,
  type TestDataSourceResponse,
  type TimeRange,
} from '@grafana/data';
import { RuntimeDataSource, sceneGraph, type SceneObject } from '@grafana/scenes';

import { tableFrame, type Target, timeSeriesFrames } from './frames';
import { interpolated, labelMatcher, seconds } from './interpolation';
import { Prometheus, type Span } from './prometheus';

export const DATA_SOURCE_UID = 'preview';

// Prometheus refuses to answer with more points in a series.
const MOST_POINTS = 11_000;
const LABEL_VALUES = /^label_values\((?:(?<matcher>.+),\s*)?(?<label>\w+)\)$/s;

export class PrometheusDataSource extends RuntimeDataSource {
  private readonly prometheus = new Prometheus('/prometheus');
  private readonly scrapeInterval: number;

  constructor(scrapeInterval: string) {
    super('prometheus', DATA_SOURCE_UID);
    this.interval = scrapeInterval;
    this.scrapeInterval = seconds(scrapeInterval);
  }

  async query(request: DataQueryRequest): Promise<DataQueryResponse> {
    const targets = (request.targets as Target[]).filter(({ hide }) => !hide);
    try {
      const frames = targets.map((target) => this.frames(target, request, targets.length));
      return { state: LoadingState.Done, data: (await Promise.all(frames)).flat() };
    } catch (error) {
      return { state: LoadingState.Error, data: [], errors: [{ message: String(error) }] };
    }
  }

  async metricFindQuery(
    query: string | { query: string },
    options: { scopedVars: ScopedVars; range?: TimeRange },
  ): Promise<MetricFindValue[]> {
    const text = typeof query === 'string' ? query : query.query;
    const found = LABEL_VALUES.exec(this.replaced(text, options.scopedVars))?.groups;
    if (!found || !options.range) {
      throw new Error(`the preview cannot answer the variable query ${text}`);
    }
    const { label, matcher } = found;
    const values = await this.prometheus.labelValues(label, matcher, span(options.range));
    return values.map((value) => ({ text: value, value }));
  }

  async testDatasource(): Promise<TestDataSourceResponse> {
    return { status: 'success', message: '' };
  }

  private replaced(text: string, variables: ScopedVars): string {
    return sceneGraph.interpolate(sceneOf(variables), text, variables, labelMatcher);
  }

  private async frames(
    target: Target,
    { intervalMs, range, scopedVars }: DataQueryRequest,
    targets: number,
  ): Promise<DataFrame[]> {
    const asked = span(range);
    const length = asked.to - asked.from;
    const least = target.interval ? seconds(target.interval) : 1;
    const step = Math.ceil(Math.max(intervalMs / 1000, least, length / MOST_POINTS));
    const window = { step, scrapeInterval: this.scrapeInterval, range: length };
    const expr = interpolated(sceneOf(scopedVars), target.expr, scopedVars, window);
    if (!target.instant) {
      const series = await this.prometheus.queryRange(expr, aligned(asked, step), step);
      return timeSeriesFrames(target, series, step);
    }
    const series = await this.prometheus.query(expr, asked.to);
    const isTable = target.format === 'table' && (series.length > 0 || targets > 1);
    return isTable ? [tableFrame(target, series, targets)] : timeSeriesFrames(target, series);
  }
}

function span({ from, to }: TimeRange): Span {
  return { from: from.unix(), to: to.unix() };
}

/** Start and end at multiples of the step, so that every drawing has the same points. */
function aligned({ from, to }: Span, step: number): Span {
  return { from: Math.floor(from / step) * step, to: Math.floor(to / step) * step };
}

function sceneOf(variables: ScopedVars): SceneObject {
  return variables.__sceneObject?.value.valueOf();
}
