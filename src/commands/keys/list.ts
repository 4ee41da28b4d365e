import { Command } from 'commander'
import { isAcknowledged, plan, publishedLongEnough, type Schedule } from '../../keys/lifecycle.ts'
import type { Ring, RingKey } from '../../keys/ring.ts'
import type { KeyReports } from '../../state/key-records.ts'
import { type Print, withConfig } from './options.ts'
import { readKeys } from './scene.ts'
import { span, time, tokens } from './words.ts'

/** `latchkey keys list`. */
export const listCommand = (print: Print) =>
  withConfig(new Command('list'))
    .description('show every key: its state, age and tokens, and what comes next')
    .option('--json', 'print JSON')
    .action(async ({ config, json }: { config: string; json?: true }) => {
      const { ring, schedule, reports } = await readKeys(config)
      if (json) print(JSON.stringify(asJson(ring, schedule, reports), undefined, 2))
      else for (const line of lines(ring, schedule, reports)) print(line)
    })

/** Each key as JSON; times are RFC 3339. No private half is in it. */
export const asJson = (ring: Ring, schedule: Schedule, reports: KeyReports | undefined) =>
  ring.keys.map((key) => {
    const next = stepOf(key, ring, schedule)
    return {
      kid: key.kid,
      algorithm: key.algorithm,
      state: key.state,
      kept: Object.keys(key.material ?? {})[0] ?? 'not',
      createdAt: time(key.createdAt),
      publishedAt: time(key.publishedAt),
      ...(key.promotedAt !== undefined && { promotedAt: time(key.promotedAt) }),
      ...(key.retiresAt !== undefined && { retiresAt: time(key.retiresAt) }),
      ...(next !== undefined && { nextStepAt: time(next) }),
      ...(reports && { signed: reports.signed[key.kid] ?? 0 }),
    }
  })

function lines(ring: Ring, schedule: Schedule, reports: KeyReports | undefined): string[] {
  const now = reports?.now ?? Date.now()
  return ring.keys.map((key) =>
    [
      key.kid,
      key.algorithm.padEnd(9),
      key.state.padEnd(8),
      `${span(now - key.createdAt)} old`.padEnd(11),
      `tokens: ${tokens(reports?.signed[key.kid])}`.padEnd(14),
      prospects(key, ring, schedule, reports),
    ].join('  '),
  )
}

/** When the ring does something with this key; undefined where that is for the operator. */
function stepOf({ kid, algorithm, state }: RingKey, ring: Ring, schedule: Schedule) {
  const step = plan(ring, schedule).find((each) =>
    each.kind === 'stage' ? state === 'current' && each.algorithm === algorithm : each.kid === kid,
  )
  return step?.at
}

function prospects(
  key: RingKey,
  ring: Ring,
  schedule: Schedule,
  reports: KeyReports | undefined,
): string {
  const at = stepOf(key, ring, schedule)
  switch (key.state) {
    case 'next': {
      const from = time(publishedLongEnough(key, schedule))
      const word = at === undefined ? 'signs when you rotate' : `signs at ${time(at)}`
      return `${word}, safe from ${from}; ${acknowledgement(key, ring, reports)}`
    }
    case 'current':
      return `signs since ${time(key.promotedAt ?? key.createdAt)}${at === undefined ? '' : `, next key at ${time(at)}`}`
    case 'previous':
      return `verifies, may go at ${time(key.retiresAt ?? 0)}`
    case 'cut':
      return `compromised, remembered until ${time(key.retiresAt ?? 0)}`
  }
}

function acknowledgement(key: RingKey, ring: Ring, reports: KeyReports | undefined): string {
  if (!reports) return 'the store does not say who publishes it'
  const { length } = reports.instances
  const servers = `${length} ${length === 1 ? 'server' : 'servers'}`
  const late = reports.instances.filter((each) => !isAcknowledged(ring, key, [each])).length
  return late === 0 ? `published by ${servers}` : `not yet published by ${late} of ${servers}`
}
