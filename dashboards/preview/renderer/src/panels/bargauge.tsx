import {
  getDisplayValueAlignmentFactors,
  getFieldConfigWithMinMax,
  type PanelProps,
} from '@grafana/data';
import {
  defaultOptions,
  type Options,
} from '@grafana/schema/dist/esm/raw/composable/bargauge/panelcfg/x/BarGaugePanelCfg_types.gen';
import { BarGauge, VizRepeater } from '@grafana/ui';

import { theme } from '../grafana';
import { plugin } from './plugin';
import { displayValues, REDUCED } from './values';

function BarGaugePanel(props: PanelProps<Options>) {
  const { data, height, options, renderCounter, width } = props;
  return (
    <VizRepeater
      height={height}
      orientation={options.orientation}
      renderCounter={renderCounter}
      width={width}
      maxVizHeight={options.maxVizHeight}
      minVizHeight={options.minVizHeight}
      minVizWidth={options.minVizWidth}
      source={data}
      itemSpacing={10}
      getValues={() => displayValues(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ alignmentFactors, value, ...size }) => (
        <BarGauge
          alignmentFactors={alignmentFactors}
          displayMode={options.displayMode}
          namePlacement={options.namePlacement}
          showUnfilled={options.showUnfilled}
          text={options.text}
          theme={theme}
          value={value.display}
          display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
          field={fieldOf(value)}
          valueDisplayMode={options.valueMode}
          height={size.height}
          width={size.width}
          orientation={size.orientation}
        />
      )}
    />
  );
}

function fieldOf({ colIndex = 0, field, view }: ReturnType<typeof displayValues>[number]) {
  return view ? getFieldConfigWithMinMax(view.dataFrame.fields[colIndex], false) : field;
}

export const bargauge = plugin<Options>({
  panel: BarGaugePanel,
  options: {
    ...defaultOptions,
    orientation: 'auto' as Options['orientation'],
    reduceOptions: REDUCED,
  },
});
