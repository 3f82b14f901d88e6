/** Gauges, drawn anew from the values, colours and thresholds that Grafana's libraries compute. */
import {
  type FieldDisplay,
  formattedValueToString,
  getActiveThreshold,
  type PanelProps,
  VizOrientation,
} from '@grafana/data';
import {
  defaultOptions,
  type Options,
} from '@grafana/schema/dist/esm/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import { VizRepeater } from '@grafana/ui';

import { theme } from '../grafana';
import { plugin } from './plugin';
import { displayValues, REDUCED } from './values';

interface Size {
  height: number;
  width: number;
}

function GaugePanel(props: PanelProps<Options>) {
  const { data, height, options, renderCounter, width } = props;
  return (
    <VizRepeater
      height={height}
      renderCounter={renderCounter}
      width={width}
      autoGrid
      orientation={options.orientation ?? VizOrientation.Auto}
      source={data}
      getValues={() => displayValues(props)}
      renderValue={({ count, value, ...size }) => (
        <Arc
          value={value}
          size={size}
          named={count > 1}
          thresholds={options.showThresholdMarkers}
        />
      )}
    />
  );
}

interface ArcProps {
  value: FieldDisplay;
  size: Size;
  named: boolean;
  thresholds: boolean;
}

function Arc({ value: { display, field }, size, named, thresholds }: ArcProps) {
  const { height, width } = size;
  const radius = Math.min(width / 2, height * 0.75) * 0.85;
  const bar = radius * 0.24;
  const share = Math.min(1, Math.max(0, display.percent ?? 0));
  const path = (from: number, to: number, r: number) => arc(width / 2, height * 0.8, r, from, to);
  return (
    <svg width={width} height={height} fill="none" textAnchor="middle">
      <path d={path(0, 1, radius)} stroke={theme.colors.background.secondary} strokeWidth={bar} />
      <path d={path(0, share, radius)} stroke={display.color} strokeWidth={bar} />
      {thresholds &&
        bands(field).map(({ color, from, to }) => (
          <path key={from} d={path(from, to, radius + bar * 0.7)} stroke={color} strokeWidth={3} />
        ))}
      <text x={width / 2} y={height * 0.78} fill={display.color} fontSize={radius * 0.34}>
        {formattedValueToString(display)}
      </text>
      {named && (
        <text x={width / 2} y={height - 4} fill={theme.colors.text.primary} fontSize={14}>
          {display.title}
        </text>
      )}
    </svg>
  );
}

function arc(x: number, y: number, radius: number, from: number, to: number): string {
  const point = (share: number) => {
    const angle = Math.PI * (1 - share);
    return `${x + radius * Math.cos(angle)},${y - radius * Math.sin(angle)}`;
  };
  return `M${point(from)} A${radius},${radius} 0 0 1 ${point(to)}`;
}

/** Where which threshold's colour holds, as shares of the gauge. */
function bands({ max, min, thresholds }: FieldDisplay['field']) {
  const steps = thresholds?.steps ?? [];
  const [from, to] = [min ?? 0, max ?? 100];
  const share = (value: number) => Math.min(1, Math.max(0, (value - from) / (to - from)));
  return steps.map((step, index) => ({
    color: theme.visualization.getColorByName(getActiveThreshold(step.value, steps).color),
    from: share(step.value),
    to: share(steps[index + 1]?.value ?? to),
  }));
}

export const gauge = plugin<Options>({
  panel: GaugePanel,
  options: { ...defaultOptions, showThresholdMarkers: true, reduceOptions: REDUCED },
});
