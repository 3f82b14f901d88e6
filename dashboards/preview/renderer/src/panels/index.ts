/** Panels by their type in a dashboard's JSON: @grafana/ui draws most, its server has the rest. */
import type { PanelPlugin } from '@grafana/data';

import { bargauge } from './bargauge';
import { gauge } from './gauge';
import { stat } from './stat';
import { stateTimeline } from './stateTimeline';
import { table } from './table';
import { text } from './text';
import { timeseries } from './timeseries';

export const PANELS: Record<string, PanelPlugin> = {
  bargauge,
  gauge,
  stat,
  'state-timeline': stateTimeline,
  table,
  text,
  timeseries,
};
