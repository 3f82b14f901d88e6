import {
  DashboardCursorSync,
  type DataFrame,
  EventBusSrv,
  FieldColorModeId,
  type PanelProps,
} from '@grafana/data';
import {
  AxisPlacement,
  BarAlignment,
  GraphDrawStyle,
  GraphGradientMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LineInterpolation,
  ScaleDistribution,
  StackingMode,
  VisibilityMode,
} from '@grafana/schema';
import type { Options } from '@grafana/schema/dist/esm/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';
import { PanelContextProvider, TimeSeries } from '@grafana/ui';
import { useMemo } from 'react';

import { hasFields, NoData } from './NoData';
import { plugin } from './plugin';

const CONTEXT = {
  eventBus: new EventBusSrv(),
  eventsScope: 'preview',
  sync: () => DashboardCursorSync.Off,
};

function TimeSeriesPanel(props: PanelProps<Options>) {
  const { data, height, options, timeRange, timeZone, width } = props;
  const frames = useMemo(() => data.series.map(finite), [data.series]);
  if (!hasFields(props)) {
    return <NoData {...props} />;
  }
  return (
    <PanelContextProvider value={CONTEXT}>
      <TimeSeries
        height={height}
        options={options}
        timeRange={timeRange}
        timeZone={timeZone}
        width={width}
        frames={frames}
        structureRev={data.structureRev}
        legend={options.legend}
      />
    </PanelContextProvider>
  );
}

/** A value that is no number is no point of a line, and must not stretch the axis. */
function finite(frame: DataFrame): DataFrame {
  const cleaned = (value: unknown) => (Number.isFinite(value) ? value : null);
  const fields = frame.fields.map((field) => ({ ...field, values: field.values.map(cleaned) }));
  return { ...frame, fields };
}

export const timeseries = plugin<Options>({
  panel: TimeSeriesPanel,
  color: FieldColorModeId.PaletteClassic,
  options: {
    legend: {
      calcs: [],
      displayMode: LegendDisplayMode.List,
      placement: 'bottom',
      showLegend: true,
    },
  },
  custom: {
    axisBorderShow: false,
    axisCenteredZero: false,
    axisColorMode: 'text',
    axisGridShow: true,
    axisLabel: '',
    axisPlacement: AxisPlacement.Auto,
    axisSoftMax: undefined,
    axisSoftMin: undefined,
    axisWidth: undefined,
    barAlignment: BarAlignment.Center,
    barMaxWidth: undefined,
    barWidthFactor: 0.6,
    drawStyle: GraphDrawStyle.Line,
    fillBelowTo: undefined,
    fillColor: undefined,
    fillOpacity: 0,
    gradientMode: GraphGradientMode.None,
    hideFrom: { legend: false, tooltip: false, viz: false },
    insertNulls: false,
    lineColor: undefined,
    lineInterpolation: LineInterpolation.Linear,
    lineStyle: undefined,
    lineWidth: 1,
    pointColor: undefined,
    pointSize: 5,
    scaleDistribution: { type: ScaleDistribution.Linear },
    showPoints: VisibilityMode.Auto,
    showValues: false,
    spanNulls: false,
    stacking: { group: 'A', mode: StackingMode.None },
    thresholdsStyle: { mode: GraphThresholdsStyleMode.Off },
    transform: undefined,
  },
});
