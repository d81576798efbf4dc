/** Results as a picture: bars of throughput, relative to the bare runtime. */
import type { Row } from "../workloads/workload.ts";
import type { Machine } from "./machine.ts";

const SHOWN: readonly (readonly [workload: string, title: string])[] = [
  ["call-json", "Tool call in a session, JSON"],
  ["call-sse", "Tool call in a session, SSE"],
  ["modern", "Tool call, 2026-07-28"],
];
const RUNTIMES = ["node", "deno", "bun"];
const WIDTH = 860;
const LEFT = 230;
const RIGHT = 120;
const BAR = 15;
const GAP = 5;

/** A chart as SVG text; colours hold on light and dark pages. */
export function chart(
  rows: readonly Row[],
  { date, processor }: Machine,
): string {
  const parts: string[] = [];
  let y = 24;
  const text = (x: number, at: number, style: string, content: string): void =>
    void parts.push(
      `<text x="${x}" y="${at}" ${style}>${escape(content)}</text>`,
    );
  text(
    0,
    y,
    'class="title"',
    "Requests per second, relative to the bare runtime (100 %)",
  );
  for (const [workload, title] of SHOWN) {
    for (const runtime of RUNTIMES) {
      const own = rows.filter((row) => row.workload === workload && row.runtime === runtime);
      if (own.length === 0) continue;
      y += 30;
      text(0, y, 'class="group"', `${title} · ${runtime}`);
      y += 8;
      for (const { contender, ratio = 0, value } of own) {
        const width = Math.max(
          1,
          Math.min(ratio, 1.15) / 1.15 * (WIDTH - LEFT - RIGHT),
        );
        const kind = contender === "mcp-session"
          ? "ours"
          : contender === "bare runtime"
          ? "bare"
          : "peer";
        text(LEFT - 8, y + BAR - 3, 'text-anchor="end"', contender);
        parts.push(
          `<rect x="${LEFT}" y="${y}" width="${
            width.toFixed(1)
          }" height="${BAR}" class="${kind}"/>`,
        );
        const label = `${(ratio * 100).toFixed(ratio < 0.1 ? 1 : 0)} %  ${
          Math.round(value).toLocaleString("en")
        }/s`;
        text(LEFT + width + 6, y + BAR - 3, "", label);
        y += BAR + GAP;
      }
    }
  }
  y += 18;
  text(
    0,
    y,
    'class="note"',
    `${date}, ${processor}, load generator on the same machine`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 12}" width="${WIDTH}">
<style>
text { font: 12px system-ui, sans-serif; fill: #8a8f98; }
.title { font-size: 16px; font-weight: 600; }
.group { font-weight: 600; }
.note { font-size: 11px; }
.ours { fill: #2f9e63; }
.bare { fill: #8a8f98; }
.peer { fill: #4c7fd0; }
</style>
${parts.join("\n")}
</svg>
`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
