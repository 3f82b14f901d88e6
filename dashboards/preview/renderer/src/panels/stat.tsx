import { getDisplayValueAlignmentFactors, type PanelProps } from '@grafana/data';
import { BigValueGraphMode, BigValueTextMode } from '@grafana/schema';
import {
  defaultOptions,
  type Options,
} from '@grafana/schema/dist/esm/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import { BigValue, VizRepeater } from '@grafana/ui';

import { theme } from '../grafana';
import { plugin } from './plugin';
import { displayValues, REDUCED } from './values';

function StatPanel(props: PanelProps<Options>) {
  const { data, height, options, renderCounter, width } = props;
  const sparkline = options.graphMode !== BigValueGraphMode.None;
  return (
    <VizRepeater
      height={height}
      renderCounter={renderCounter}
      width={width}
      orientation={options.orientation}
      autoGrid
      source={data}
      itemSpacing={3}
      getValues={() => displayValues(props, sparkline)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={(one) => (
        <BigValue
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          text={options.text}
          disableWideLayout={!options.wideLayout}
          textMode={textModeOf(props)}
          theme={theme}
          value={one.value.display}
          sparkline={sparkline ? one.value.sparkline : undefined}
          alignmentFactors={one.alignmentFactors}
          count={one.count}
          height={one.height}
          width={one.width}
        />
      )}
    />
  );
}

/** A value shows its name where it has one of its own, or the panel has no title. */
function textModeOf({ fieldConfig, options: { textMode }, title }: PanelProps<Options>) {
  const named = fieldConfig.defaults.displayName || !title;
  return textMode === BigValueTextMode.Auto && named ? BigValueTextMode.ValueAndName : textMode;
}

export const stat = plugin<Options>({
  panel: StatPanel,
  options: {
    ...defaultOptions,
    orientation: 'auto' as Options['orientation'],
    reduceOptions: REDUCED,
  },
});
