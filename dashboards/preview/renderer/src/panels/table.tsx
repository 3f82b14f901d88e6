import { cacheFieldDisplayNames, type PanelProps } from '@grafana/data';
import {
  defaultOptions,
  type Options,
} from '@grafana/schema/dist/esm/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import { TableNG } from '@grafana/ui/unstable';

import { hasFields, NoData } from './NoData';
import { plugin } from './plugin';

function TablePanel(props: PanelProps<Options>) {
  if (!hasFields(props)) {
    return <NoData {...props} />;
  }
  const { data, fieldConfig, height, options, timeRange, transparent, width } = props;
  cacheFieldDisplayNames(data.series);
  return (
    <TableNG
      fieldConfig={fieldConfig}
      height={height}
      timeRange={timeRange}
      transparent={transparent}
      width={width}
      cellHeight={options.cellHeight}
      enablePagination={options.enablePagination}
      maxRowHeight={options.maxRowHeight}
      sortBy={options.sortBy}
      data={data.series[options.frameIndex] ?? data.series[0]}
      noHeader={!options.showHeader}
      noValue={fieldConfig.defaults.noValue}
      frozenColumns={options.frozenColumns?.left}
      structureRev={data.structureRev}
      // A column out of sight is still a column of the picture.
      enableVirtualization={false}
    />
  );
}

export const table = plugin<Options>({
  panel: TablePanel,
  options: defaultOptions,
  custom: {
    align: 'auto',
    cellOptions: { type: 'auto' },
    filterable: false,
    footer: { reducers: [] },
    hidden: undefined,
    'hideFrom.viz': false,
    inspect: false,
    minWidth: undefined,
    tooltip: undefined,
    width: undefined,
    wrapHeaderText: undefined,
    wrapText: undefined,
  },
});
