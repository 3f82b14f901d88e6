/** The part of Prometheus' HTTP API that a dashboard asks. */

export type Labels = Record<string, string>;
export type Sample = [seconds: number, value: string];
export interface Series {
  metric: Labels;
  samples: Sample[];
}
export interface Span {
  from: number;
  to: number;
}

interface Answer<T> {
  status: 'success' | 'error';
  data: T;
  errorType?: string;
  error?: string;
}
interface Result {
  resultType: 'vector' | 'matrix' | 'scalar' | 'string';
  result: Array<{ metric: Labels; value?: Sample; values?: Sample[] }> | Sample;
}

export class Prometheus {
  constructor(private readonly url: string) {}

  async query(query: string, at: number): Promise<Series[]> {
    return this.series('query', { query, time: String(at) });
  }

  async queryRange(query: string, span: Span, step: number): Promise<Series[]> {
    const { from, to } = span;
    const values = { query, start: String(from), end: String(to), step: String(step) };
    return this.series('query_range', values);
  }

  async labelValues(label: string, matcher: string | undefined, span: Span): Promise<string[]> {
    const values: Labels = { start: String(span.from), end: String(span.to) };
    return this.ask(`label/${label}/values`, matcher ? { ...values, 'match[]': matcher } : values);
  }

  private async series(path: string, values: Labels): Promise<Series[]> {
    const { result, resultType } = await this.ask<Result>(path, values);
    if (resultType === 'scalar' || resultType === 'string') {
      return [{ metric: {}, samples: [result as Sample] }];
    }
    return (result as Array<{ metric: Labels; value?: Sample; values?: Sample[] }>).map(
      ({ metric, value, values: samples }) => ({ metric, samples: samples ?? [value!] }),
    );
  }

  private async ask<T>(path: string, values: Labels): Promise<T> {
    const answer = await fetch(`${this.url}/api/v1/${path}?${new URLSearchParams(values)}`);
    const body: Answer<T> = await answer.json();
    if (body.status !== 'success') {
      throw new Error(`${body.errorType}: ${body.error} in ${values.query ?? path}`);
    }
    return body.data;
  }
}
