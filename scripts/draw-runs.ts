/** One run as it is drawn. Every row is one of known, expected, single and inWaves. */
export interface DrawnRun {
  readonly n: number;
  readonly rows: number;
  /** Rows of sightings that the state has already. */
  readonly known: number;
  readonly expected: number;
  /** Sightings announced in a message of their own. */
  readonly single: number;
  /** Sightings announced as members of a wave. */
  readonly inWaves: number;
  /** Header messages. */
  readonly waves: number;
  /** Member messages. */
  readonly lists: number;
}

export interface DrawnRuns {
  /** Size of the fleet at the first run. */
  readonly devices: number;
  readonly runs: readonly DrawnRun[];
  readonly messages: number;
  readonly distinctIds: number;
}

export const THEMES = ["light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

interface Colours {
  readonly paper: string;
  readonly box: string;
  readonly border: string;
  readonly text: string;
  readonly muted: string;
  readonly known: string;
  readonly expected: string;
  readonly single: string;
  readonly wave: string;
}

const COLOURS: Readonly<Record<Theme, Colours>> = {
  light: {
    paper: "#ffffff",
    box: "#f6f8fa",
    border: "#d0d7de",
    text: "#1f2328",
    muted: "#57606a",
    known: "#afb8c1",
    expected: "#1a7f37",
    single: "#0969da",
    wave: "#8250df",
  },
  dark: {
    paper: "#0d1117",
    box: "#161b22",
    border: "#3d444d",
    text: "#f0f6fc",
    muted: "#9da7b1",
    known: "#6e7681",
    expected: "#3fb950",
    single: "#58a6ff",
    wave: "#bc8cff",
  },
};

const WIDTH = 960;
const TOP = 166;
const LANE = 96;

/** The steps, left to right. */
const STEPS = [
  { x: 24, width: 146, name: "timer", place: "Azure Functions" },
  { x: 194, width: 108, name: "query", place: "Log Analytics" },
  { x: 326, width: 282, name: "compare", place: "with the devices that are known" },
  { x: 636, width: 140, name: "state + outbox", place: "one transaction" },
  { x: 804, width: 132, name: "queue", place: "Service Bus" },
] as const;
const [TIMER, QUERY, COMPARE, STATE, QUEUE] = STEPS;

const STORIES = ["finds what is there", "new devices appeared", "nothing new"] as const;

/** Marks of rows: their shapes differ too, for whoever doesn't see the colours. */
const MARKS = {
  known: (x: number, y: number, { known }: Colours) => `<circle cx="${x}" cy="${y}" r="2.5" fill="${known}"/>`,
  expected: (x: number, y: number, { expected }: Colours) =>
    `<circle cx="${x}" cy="${y}" r="3.2" fill="none" stroke="${expected}" stroke-width="2"/>`,
  single: (x: number, y: number, { single }: Colours) => `<circle cx="${x}" cy="${y}" r="4.2" fill="${single}"/>`,
  wave: (x: number, y: number, { wave }: Colours) =>
    `<rect x="${x - 3.8}" y="${y - 3.8}" width="7.6" height="7.6" fill="${wave}"/>`,
} as const;
type Mark = keyof typeof MARKS;

/** Marks in a line, and their distances. */
const IN_LINE = 23;
const ACROSS = 12;
const DOWN = 13;

/** The runs as an SVG that needs nothing else. Pure: the same runs and theme give the same text. */
export function drawRuns(runs: DrawnRuns, theme: Theme): string {
  const colours = COLOURS[theme];
  const id = `first-run-${theme}`;
  const height = TOP + runs.runs.length * LANE + 62;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" id="${id}" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-desc" font-family="system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'DejaVu Sans', sans-serif">`,
    `<title id="${id}-title">What npm start does: ${runs.runs.length} runs over ${runs.devices} simulated devices</title>`,
    `<desc id="${id}-desc">${describe(runs)}</desc>`,
    `<metadata>${escape(JSON.stringify(runs))}</metadata>`,
    `<rect x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="10" fill="${colours.paper}" stroke="${colours.border}"/>`,
    text(
      24,
      40,
      `npm start: ${runs.runs.length} runs over ${runs.devices} simulated devices`,
      colours.text,
      19,
      "bold",
    ),
    text(24, 62, "Each mark is one row: one tool on one device.", colours.muted, 14),
    ...STEPS.flatMap((step, i) => drawStep(step, STEPS[i + 1], colours)),
    ...runs.runs.flatMap((run, i) => drawLane(run, i, colours)),
    ...drawLegend(runs, TOP + runs.runs.length * LANE, colours),
    "</svg>",
  ].join("\n")}\n`;
}

type Step = (typeof STEPS)[number];

function drawStep(step: Step, next: Step | undefined, colours: Colours): readonly string[] {
  const middle = step.x + step.width / 2;
  return [
    `<rect x="${step.x}" y="84" width="${step.width}" height="58" rx="8" fill="${colours.box}" stroke="${colours.border}"/>`,
    text(middle, 109, step.name, colours.text, 15, "bold", "middle"),
    text(middle, 129, step.place, colours.muted, 12, "normal", "middle"),
    ...(next ? [arrow(step.x + step.width + 4, next.x - 4, 113, colours)] : []),
  ];
}

/** Its arrows end where nothing goes on. */
function drawLane(run: DrawnRun, index: number, colours: Colours): readonly string[] {
  const top = TOP + index * LANE;
  const middle = top + 40;
  const announced = run.single + run.inWaves;
  const decided = run.expected + announced;
  const messages = run.single + run.waves + run.lists;
  const sent = [
    ...(run.single > 0 ? [counted(run.single, "sighting")] : []),
    ...(run.waves > 0 ? [`${counted(run.waves, "wave")}, ${counted(run.lists, "list")}`] : []),
  ];
  return [
    `<line x1="24" y1="${top - 8}" x2="${WIDTH - 24}" y2="${top - 8}" stroke="${colours.border}"/>`,
    text(TIMER.x, middle, `Run ${run.n}`, colours.text, 18, "bold"),
    text(TIMER.x, middle + 20, STORIES[index] ?? "", colours.muted, 13),
    text(QUERY.x, middle, counted(run.rows, "row"), colours.text, 18, "bold"),
    arrow(QUERY.x + QUERY.width - 12, COMPARE.x - 6, middle - 6, colours),
    ...drawMarks(run, top + 14, colours),
    text(
      COMPARE.x,
      top + 76,
      [
        ...(run.known > 0 ? [`${run.known} known`] : []),
        decided > 0 ? `${decided} new` : "none new: nothing to announce",
      ].join(", "),
      colours.muted,
      13,
    ),
    ...(decided > 0
      ? [
          arrow(COMPARE.x + COMPARE.width + 4, STATE.x - 6, middle - 6, colours),
          text(STATE.x, middle, `${announced} announced`, colours.text, 16, "bold"),
          text(STATE.x, middle + 20, `${run.expected} expected`, colours.muted, 13),
        ]
      : []),
    ...(messages > 0
      ? [
          arrow(STATE.x + STATE.width - 6, QUEUE.x - 6, middle - 6, colours),
          text(QUEUE.x, middle, counted(messages, "message"), colours.text, 16, "bold"),
          ...sent.map((part, i) => text(QUEUE.x, middle + 20 + i * 17, part, colours.muted, 13)),
        ]
      : []),
  ];
}

function drawMarks(run: DrawnRun, top: number, colours: Colours): readonly string[] {
  const marks: readonly Mark[] = [
    ...Array<Mark>(run.known).fill("known"),
    ...Array<Mark>(run.expected).fill("expected"),
    ...Array<Mark>(run.single).fill("single"),
    ...Array<Mark>(run.inWaves).fill("wave"),
  ];
  return marks.map((mark, i) =>
    MARKS[mark](COMPARE.x + 5 + (i % IN_LINE) * ACROSS, top + Math.floor(i / IN_LINE) * DOWN, colours),
  );
}

function drawLegend(runs: DrawnRuns, top: number, colours: Colours): readonly string[] {
  const entries: readonly (readonly [Mark, number, string])[] = [
    ["known", 24, "known already"],
    ["expected", 152, "expected: an approval covers it"],
    ["single", 398, "announced in a message of its own"],
    ["wave", 666, "announced in a wave: one ticket"],
  ];
  return [
    `<line x1="24" y1="${top - 8}" x2="${WIDTH - 24}" y2="${top - 8}" stroke="${colours.border}"/>`,
    ...entries.flatMap(([mark, x, meaning]) => [
      MARKS[mark](x + 5, top + 14, colours),
      text(x + 16, top + 18, meaning, colours.text, 13),
    ]),
    text(24, top + 44, `${totalOf(runs)}.`, colours.muted, 13),
  ];
}

/** The picture in words, for screen readers. */
function describe(runs: DrawnRuns): string {
  const sentences = runs.runs.map(
    ({ n, rows, known, expected, single, inWaves, waves, lists }) =>
      `Run ${n}: ${counted(rows, "row")}, ${known} known, ${expected} expected, ${single + inWaves} announced, in ${counted(single + waves + lists, "message")}${waves > 0 ? ` (${single} single, ${counted(waves, "wave")} of ${inWaves} devices in ${counted(lists, "list")})` : ""}.`,
  );
  return `A timer starts a query, the rows are compared with the devices that are known, state and outbox are written together, and the queue gets each message once. ${sentences.join(" ")} ${totalOf(runs)}.`;
}

const totalOf = ({ runs, messages, distinctIds }: DrawnRuns): string =>
  `Received in all: ${counted(messages, "message")} with ${counted(distinctIds, "distinct id")} after ${counted(runs.length, "run")}`;

const counted = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? "" : "s"}`;

const escape = (raw: string): string => raw.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

const text = (
  x: number,
  y: number,
  content: string,
  fill: string,
  size: number,
  weight: "normal" | "bold" = "normal",
  anchor: "start" | "middle" = "start",
): string =>
  `<text x="${x}" y="${y}" font-size="${size}"${weight === "bold" ? ' font-weight="600"' : ""}${anchor === "middle" ? ' text-anchor="middle"' : ""} fill="${fill}">${escape(content)}</text>`;

const arrow = (from: number, to: number, y: number, { muted }: Colours): string =>
  `<path d="M${from} ${y}H${to}m-5 -4l5 4l-5 4" fill="none" stroke="${muted}" stroke-width="1.5"/>`;
