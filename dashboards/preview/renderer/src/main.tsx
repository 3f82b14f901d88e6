/** The page that draws one dashboard: whoever opens it calls `preview.draw`. */
import { ThemeContext } from '@grafana/data';
import { EmbeddedScene } from '@grafana/scenes';
import type { Dashboard } from '@grafana/schema';
import { GlobalStyles, PortalContainer, Text } from '@grafana/ui';
import { createRoot } from 'react-dom/client';
import { MemoryRouter } from 'react-router-dom';

import { PrometheusDataSource } from './datasource';
import { startGrafana, theme } from './grafana';
import { PANELS } from './panels';
import { report, type Report, settled } from './report';
import { buildScene } from './scene';
import type { Values } from './variables';

const PATIENCE_MS = 60_000;

export interface Drawing {
  dashboard: Dashboard;
  scrapeInterval: string;
  from: string;
  variables: Values;
}

declare global {
  interface Window {
    preview: { draw: (drawing: Drawing) => Promise<Report> };
  }
}

async function draw(drawing: Drawing): Promise<Report> {
  const { dashboard, from, scrapeInterval, variables } = drawing;
  const source = new PrometheusDataSource(scrapeInterval);
  await startGrafana(source, PANELS);
  const scene = buildScene(dashboard, from, variables);
  createRoot(document.getElementById('root')!).render(
    <Page title={dashboard.title ?? ''} scene={scene} />,
  );
  await settled(scene, Date.now() + PATIENCE_MS);
  return report(scene);
}

function Page({ scene, title }: { scene: EmbeddedScene; title: string }) {
  const style = { display: 'flex', flexDirection: 'column', gap: 16, padding: 16 } as const;
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <MemoryRouter>
        <PortalContainer />
        <div style={style}>
          <Text element="h1" variant="h3">
            {title}
          </Text>
          <scene.Component model={scene} />
        </div>
      </MemoryRouter>
    </ThemeContext.Provider>
  );
}

window.preview = { draw };
