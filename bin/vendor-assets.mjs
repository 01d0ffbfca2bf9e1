// Rebuilds what dashapp/assets/ keeps of other projects: node bin/vendor-assets.mjs
// Needs node 20 or newer and npm. dashapp/assets/README.md says what each file is and why it is there.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// plotly.js must be the version that the installed plotly (Python) bundles; tests/dashapp/test_assets.py compares them.
const PACKAGES = {
  'plotly.js': '4.1.1',
  '@fontsource-variable/inter': '5.3.0',
  'topojson-client': '3.1.0',
  'topojson-simplify': '3.0.3',
  'd3-geo': '3.1.1',
  esbuild: '0.28.2',
};
const TRACES = ['bar', 'heatmap', 'choropleth']; // scatter is part of the core
const SCRIPTS = ['latin', 'latin-ext', 'greek', 'cyrillic'];

// In steradians: a pixel of a map 1,300 pixels wide is 2.3e-5.
const SMALLEST_TRIANGLE = 1e-5;
const SMALLEST_ISLAND = 1.5e-5;
const SMALL = 1e-4;
const GRID = 1e5;

const assets = join(dirname(fileURLToPath(import.meta.url)), '..', 'dashapp', 'assets');
const work = mkdtempSync(join(tmpdir(), 'vendor-assets-'));
const packaged = (...parts) => join(work, 'node_modules', ...parts);
const target = (...parts) => {
  const path = join(assets, ...parts);
  mkdirSync(dirname(path), { recursive: true });
  return path;
};

function install() {
  writeFileSync(join(work, 'package.json'), JSON.stringify({ private: true, dependencies: PACKAGES }));
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--omit=dev'], { cwd: work, stdio: 'inherit' });
  return createRequire(join(work, 'package.json'));
}

function inter() {
  const css = readFileSync(packaged('@fontsource-variable', 'inter', 'wght.css'), 'utf8');
  const faces = SCRIPTS.map((script) => {
    const file = `inter-${script}-wght-normal.woff2`;
    copyFileSync(packaged('@fontsource-variable', 'inter', 'files', file), target('fonts', file));
    const range = css.split('@font-face').find((face) => face.includes(file)).match(/unicode-range: ([^;]+);/)[1];
    return `@font-face {
    font-family: "Inter";
    font-style: normal;
    font-weight: 100 900;
    font-display: swap;
    src: url("fonts/${file}") format("woff2");
    unicode-range: ${range.replaceAll(',', ', ')};
}
`;
  });
  writeFileSync(target('01-inter.css'), faces.join('\n'));
  copyFileSync(packaged('@fontsource-variable', 'inter', 'LICENSE'), target('licences', 'inter.txt'));
}

function plotly(require) {
  const entry = join(work, 'entry.cjs');
  const parts = TRACES.map((name) => `require('plotly.js/lib/${name}')`).join(', ');
  writeFileSync(entry, `const Plotly = require('plotly.js/lib/core');\nPlotly.register([${parts}]);\nmodule.exports = Plotly;\n`);
  const { version } = require('plotly.js/package.json');
  const options = ['--bundle', '--minify', '--format=iife', '--global-name=Plotly', '--target=es2017', '--legal-comments=inline'];
  const defined = ['--define:global=window', '--define:define.amd=false'];
  const built = join(work, 'plotly.js');
  // esbuild's platform package holds the binary itself, which spares running install scripts.
  const binary = require.resolve(`@esbuild/${process.platform}-${process.arch}/bin/esbuild`);
  execFileSync(binary, [entry, ...options, ...defined, `--outfile=${built}`], { cwd: work, stdio: 'inherit' });
  const head = `/* plotly.js v${version}, partial build: scatter, ${TRACES.join(', ')}. (c) 2012-2026 Plotly, Inc. MIT licence. */\n`;
  writeFileSync(target('plotly.min.js'), `${head}${readFileSync(built, 'utf8')}window.Plotly=Plotly;\n`);
  copyFileSync(packaged('plotly.js', 'LICENSE'), target('licences', 'plotly.js.txt'));
}

// The outlines simplified once here instead of drawn in full at every filter change. A ring that collapses to a line would
// fill the whole globe: every country keeps its largest ring, small ones keep all their points, and the areas are checked at the end.
function world(require) {
  const { feature, mergeArcs, quantize } = require('topojson-client');
  const { presimplify, simplify, sphericalTriangleArea } = require('topojson-simplify');
  const { geoArea } = require('d3-geo');
  globalThis.window = globalThis;
  require('plotly.js/dist/plotly-geo-assets.js');
  const original = (globalThis.PlotlyGeoAssets ?? globalThis.Plotly).topojson.world_50m;
  const { countries } = original.objects;
  const weighted = presimplify({ ...original, objects: { countries } }, sphericalTriangleArea);

  const areaOf = (ring) => geoArea(feature(weighted, { type: 'Polygon', arcs: [ring] }));
  for (const country of countries.geometries) {
    const polygons = (country.type === 'Polygon' ? [country.arcs] : country.arcs).map((rings) => ({ rings, area: areaOf(rings[0]) }));
    const largest = Math.max(...polygons.map(({ area }) => area));
    const kept = polygons.filter(({ area }) => area === largest || area >= SMALLEST_ISLAND);
    country.type = 'MultiPolygon';
    country.arcs = kept.map(({ rings }) => rings);
    for (const { rings, area } of kept) {
      if (area > SMALL) continue;
      for (const index of rings.flat()) for (const point of weighted.arcs[index < 0 ? ~index : index]) point[2] = Infinity;
    }
  }

  const coarse = simplify(weighted, SMALLEST_TRIANGLE);
  const places = new Map();
  const arcs = [];
  const renumber = (index) => {
    const arc = index < 0 ? ~index : index;
    if (!places.has(arc)) places.set(arc, arcs.push(coarse.arcs[arc]) - 1);
    return index < 0 ? ~places.get(arc) : places.get(arc);
  };
  for (const country of countries.geometries) country.arcs = country.arcs.map((rings) => rings.map((ring) => ring.map(renumber)));
  const topology = quantize({ type: 'Topology', objects: { countries }, arcs }, GRID);
  const land = mergeArcs(topology, topology.objects.countries.geometries);
  topology.objects.land = { type: 'GeometryCollection', geometries: [land] };
  // Layers that are never shown, but asked for by name.
  for (const name of ['coastlines', 'ocean', 'lakes', 'rivers', 'subunits']) topology.objects[name] = { type: 'GeometryCollection', geometries: [] };

  const shapes = feature(topology, topology.objects.countries).features;
  if (shapes.length !== original.objects.countries.geometries.length) throw new Error('countries were lost');
  for (const shape of shapes) {
    const area = geoArea(shape);
    if (!(area > 0 && area < 6.2)) throw new Error(`${shape.id} covers ${area} steradians`);
  }
  writeFileSync(target('topojson', 'world_50m.json'), JSON.stringify(topology));
}

try {
  const require = install();
  inter();
  plotly(require);
  world(require);
} finally {
  rmSync(work, { recursive: true, force: true });
}
