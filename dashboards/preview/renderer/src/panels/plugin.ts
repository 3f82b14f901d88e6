import { FieldColorModeId, FieldConfigProperty, PanelPlugin, type PanelProps } from '@grafana/data';
import type { ComponentType } from 'react';

import { fieldOption } from '../grafana';

interface Parts<Options> {
  panel: ComponentType<PanelProps<Options>>;
  options: Partial<Options>;
  color?: FieldColorModeId;
  /** The options that fields have in this panel alone, with their defaults. */
  custom?: Record<string, unknown>;
}

export function plugin<Options>(parts: Parts<Options>): PanelPlugin<Options> {
  const { color = FieldColorModeId.Thresholds, custom = {}, options, panel } = parts;
  return new PanelPlugin<Options>(panel).setDefaults(options as Options).useFieldConfig({
    standardOptions: { [FieldConfigProperty.Color]: { defaultValue: { mode: color } } },
    useCustomConfig: (builder) => {
      for (const [id, defaultValue] of Object.entries(custom)) {
        builder.addCustomEditor({ ...fieldOption(id), defaultValue });
      }
    },
  });
}
