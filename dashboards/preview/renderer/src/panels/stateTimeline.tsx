/** State timelines, drawn anew from the texts and colours that Grafana's libraries compute. */
import {
  type DataFrame,
  dateTimeFormat,
  type Field,
  FieldColorModeId,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
  type PanelProps,
} from '@grafana/data';
import {
  defaultOptions,
  type Options,
} from '@grafana/schema/dist/esm/raw/composable/statetimeline/panelcfg/x/StateTimelinePanelCfg_types.gen';

import { theme } from '../grafana';
import { hasFields, NoData } from './NoData';
import { plugin } from './plugin';

const AXIS = 24;
const TICKS = 6;
const LETTER = 7;

interface Line {
  name: string;
  states: State[];
}
interface State {
  from: number;
  to: number;
  text: string;
  color: string;
}

function StateTimelinePanel(props: PanelProps<Options>) {
  if (!hasFields(props)) {
    return <NoData {...props} />;
  }
  const { data, height, options, timeRange, timeZone, width } = props;
  const lines = data.series.flatMap((frame) => linesOf(frame, data.series));
  const [from, to] = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  const names = Math.max(0, ...lines.map(({ name }) => name.length)) * LETTER + 16;
  const x = (time: number) => names + ((time - from) / (to - from)) * (width - names);
  const lineHeight = (height - AXIS) / lines.length;
  const ticks = Array.from(
    { length: TICKS },
    (_, tick) => from + ((tick + 0.5) / TICKS) * (to - from),
  );
  return (
    <svg width={width} height={height} fontSize={12} fill={theme.colors.text.primary}>
      {lines.map((line, index) => (
        <g key={line.name} transform={`translate(0,${index * lineHeight})`}>
          <text x={names - 8} y={lineHeight / 2 + 4} textAnchor="end">
            {line.name}
          </text>
          {line.states.map((state) => (
            <Bar
              key={state.from}
              height={lineHeight}
              options={options}
              start={names}
              state={state}
              x={x}
            />
          ))}
        </g>
      ))}
      {ticks.map((time) => (
        <text key={time} x={x(time)} y={height - 6} textAnchor="middle">
          {dateTimeFormat(time, { format: 'HH:mm:ss', timeZone })}
        </text>
      ))}
    </svg>
  );
}

interface BarProps {
  state: State;
  options: Options;
  height: number;
  start: number;
  x: (time: number) => number;
}

function Bar({ height, options, start, state, x }: BarProps) {
  const left = Math.max(x(state.from), start);
  const width = Math.max(1, x(state.to) - left);
  const thickness = height * (options.rowHeight ?? 0.9);
  const labelled = options.showValue !== 'never' && width > state.text.length * LETTER + 8;
  return (
    <>
      <rect
        x={left}
        y={(height - thickness) / 2}
        width={width}
        height={thickness}
        fill={state.color}
      />
      {labelled && (
        <text x={left + 4} y={height / 2 + 4} fill={theme.colors.getContrastText(state.color)}>
          {state.text}
        </text>
      )}
    </>
  );
}

function linesOf(frame: DataFrame, frames: DataFrame[]): Line[] {
  const times = frame.fields.find(({ type }) => type === FieldType.time);
  if (!times) {
    return [];
  }
  return frame.fields
    .filter((field) => field !== times)
    .map((field) => ({
      name: getFieldDisplayName(field, frame, frames),
      states: states(times, field),
    }));
}

function states(times: Field<number>, field: Field): State[] {
  const interval = times.config.interval ?? 0;
  const found: State[] = [];
  times.values.forEach((from, index) => {
    if (field.values[index] == null) {
      return;
    }
    const display = field.display!(field.values[index]);
    const text = formattedValueToString(display);
    const last = found.at(-1);
    const to = from + interval;
    if (last && last.to >= from && last.text === text) {
      last.to = to;
    } else {
      found.push({ from, to, text, color: display.color ?? theme.colors.text.disabled });
    }
  });
  return found;
}

export const stateTimeline = plugin<Options>({
  panel: StateTimelinePanel,
  color: FieldColorModeId.Thresholds,
  options: defaultOptions,
  custom: {
    fillOpacity: 70,
    hideFrom: undefined,
    insertNulls: false,
    lineWidth: 0,
    spanNulls: false,
  },
});
