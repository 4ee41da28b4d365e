import type { Result } from './result.ts'

const [width, left, right, bar, gap, group] = [760, 250, 70, 18, 6, 40]

const colours: Readonly<Record<string, string>> = {
  'Latchkey, Redis': 'latchkey',
  'Latchkey, SQLite': 'latchkey',
}

/** The endpoints that the chart shows: those that others have too. */
const shown = ['client_credentials', 'refresh_token', 'introspection', 'JWKS']

/**
 * docs/bench.svg: CPU time a request, shorter is better, one scale for each endpoint. Plain SVG that
 * is readable on light and dark pages.
 */
export function chart({ endpoints, date }: Result): string {
  const parts: string[] = []
  let y = 46
  for (const endpoint of shown) {
    const servers = Object.entries(endpoints[endpoint] ?? {})
    if (servers.length === 0) continue
    const most = Math.max(...servers.map(([, { cpu }]) => cpu.median))
    parts.push(`<text class="endpoint" x="0" y="${y}">${endpoint}</text>`)
    y += 12
    for (const [server, { cpu }] of servers) {
      const length = Math.max(1, Math.round((cpu.median / most) * (width - left - right)))
      const kind = colours[server] ?? 'other'
      parts.push(
        `<text class="server" x="${left - 10}" y="${y + 13}">${escaped(server)}</text>`,
        `<rect class="${kind}" x="${left}" y="${y}" width="${length}" height="${bar}" rx="3"/>`,
        `<text x="${left + length + 8}" y="${y + 13}">${cpu.median.toFixed(0)} µs</text>`,
      )
      y += bar + gap
    }
    y += group - gap
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y - 10}" role="img" aria-label="CPU time a request">
<style>
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .server { text-anchor: end }
  .title { font-weight: 600 } .endpoint { font-weight: 600 }
  .latchkey { fill: #1a7f64 } .other { fill: #a8b1ba }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .latchkey { fill: #3fb68b } .other { fill: #59636e }
  }
</style>
<text class="title" x="0" y="16">CPU time a request, median of interleaved rounds, ${date}: shorter is better</text>
${parts.join('\n')}
</svg>
`
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
