import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { openState } from '../../src/state/index.ts'
import { openSqlite } from '../../src/state/sqlite.ts'
import { openSchema } from '../../src/state/sqlite-schema.ts'
import { until } from '../parts/until.ts'
import { conformsToState } from './conformance.ts'
import { fresh, login, rotation } from './login.ts'
import { racesBetweenProcesses } from './races.ts'

const start = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-state-'))
  const file = join(folder, 'new', 'state.sqlite')
  return {
    file,
    options: { url: `sqlite:${file}` },
    empty: async () => emptied(file),
    putForward: async (id: string, by: number) =>
      changed(
        file,
        'UPDATE family SET created_at = created_at + ?2, last_used_at = last_used_at + ?2 WHERE id = ?1',
        id,
        by,
      ),
    close: async () => rmSync(folder, { recursive: true }),
  }
}

function emptied(file: string): void {
  const database = new DatabaseSync(file, { timeout: 5000 })
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
  for (const { name } of tables) database.exec(`DELETE FROM ${name}`)
  database.close()
}

function changed(file: string, statement: string, ...values: (string | number)[]): void {
  const database = new DatabaseSync(file, { timeout: 5000 })
  database.prepare(statement).run(...values)
  database.close()
}

describe('state in SQLite', () => {
  conformsToState(start)
  racesBetweenProcesses(start)

  describe('in its file', () => {
    let store: Awaited<ReturnType<typeof start>>

    beforeEach(async () => {
      store = await start()
    })

    afterEach(() => store.close())

    it('is there after the last process has closed it, for its owner alone', async () => {
      const first = await openState(store.options)
      const { id } = await first.openFamily(login())
      const epoch = await first.epoch()
      await first.close()
      await first.close()
      const second = await openState(store.options)
      expect(await second.findFamily(id)).to.include({ id })
      expect(await second.epoch()).to.equal(epoch)
      await second.close()
      expect(statSync(store.file).mode & 0o777).to.equal(0o600)
    })

    it('keeps nobody out for as long as a clock was ahead that was set back', async () => {
      const state = await openState(store.options)
      const budgets = [
        { owner: 'one', name: 'plain', limit: 1, window: 60 },
        {
          owner: 'one',
          name: 'with delays',
          limit: 1,
          window: 60,
          delays: { first: 9, longest: 9, most: 9 },
        },
      ]
      for (const budget of budgets) {
        await state.spend([budget])
        expect(await state.spend([budget]), budget.name).to.include({ allowed: false })
        changed(store.file, 'UPDATE budget SET expires_at = expires_at + ?', 365 * 86_400_000)
        expect(await state.spend([budget]), budget.name).to.include({ allowed: true })
        expect(await state.spend([budget]), budget.name).to.include({ allowed: false })
      }
      await state.close()
    })

    it('is written ahead and synchronized in full', async () => {
      mkdirSync(dirname(store.file))
      const database = new DatabaseSync(store.file)
      openSchema(database)
      expect(database.prepare('PRAGMA journal_mode').get()).to.include({ journal_mode: 'wal' })
      expect(database.prepare('PRAGMA synchronous').get()).to.include({ synchronous: 2 })
      database.close()
    })

    it('is unavailable while another process keeps it locked, stops nobody else, and is unharmed', async () => {
      const state = await openState(store.options)
      const { id } = await state.openFamily(login())
      const other = new DatabaseSync(store.file)
      other.exec('BEGIN IMMEDIATE')
      let turns = 0
      const others = setInterval(() => turns++, 1)
      const refusal = await state.rotate(rotation(id, 1)).catch((error: Error) => error)
      clearInterval(others)
      expect(refusal).to.have.property('name', 'StateUnavailable')
      expect(turns).to.be.above(20)
      expect(await state.findFamily(id)).to.include({ generation: 1 })
      other.exec('ROLLBACK')
      other.close()
      expect(await state.rotate(rotation(id, 1))).to.include({ outcome: 'rotated' })
      await state.close()
    })

    it('is unavailable when the disk is full, and has all it acknowledged', async () => {
      const child = spawnSync(
        'sh',
        [
          '-c',
          // A limit on file sizes is the full disk that needs no file system of its own.
          'trap \'\' XFSZ; ulimit -f 800; exec "$0" "$@"',
          process.execPath,
          fileURLToPath(new URL('full-disk.ts', import.meta.url)),
          store.options.url,
        ],
        { encoding: 'utf8' },
      )
      const { acknowledged, refusal } = JSON.parse(child.stdout)
      expect(refusal).to.equal('StateUnavailable')
      expect(acknowledged).to.have.lengthOf.above(2)
      const state = await openState(store.options)
      for (const id of acknowledged) expect(await state.findFamily(id)).to.include({ id })
      const { id } = await state.openFamily(login())
      expect(await state.rotate(rotation(id, 1))).to.include({ outcome: 'rotated' })
      await state.close()
    })

    it('is swept of what has expired, in batches, and of nothing else', async () => {
      const state = await openSqlite(store.file, () => {}, {
        sweepInterval: 20,
        logRetention: 0.05,
      })
      const kept = await state.openFamily(login())
      await Promise.all(
        Array.from({ length: 600 }, (_, i) => state.save('AccessToken', `dead-${i}`, {}, 0.05)),
      )
      await state.openFamily(login({ idle: 0.01 }))
      await state.revokeToken(fresh('jti'), 0.01)
      await state.once(fresh('id'), 0.01)
      await state.spend([{ owner: 'one', name: fresh('budget'), limit: 1, window: 0.01 }])
      await state.cutOff({ kind: 'client', clientId: fresh('client') })
      const database = new DatabaseSync(store.file)
      const rows = (table: string) =>
        Number(database.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n)
      await until(
        () => ['record', 'family', 'revoked', 'seen', 'budget', 'revocation'].map(rows),
        (counts) => counts.join() === '0,1,0,0,0,0',
      )
      expect(rows('cut_off')).to.equal(1)
      expect(await state.findFamily(kept.id)).to.deep.equal(kept)
      database.close()
      await state.close()
    })

    it('has a cut-off of now end what a clock that was ahead made later', async () => {
      const state = await openState(store.options)
      const forward = (id: string) =>
        changed(store.file, 'UPDATE family SET created_at = created_at + 86400000 WHERE id = ?', id)
      const [sub, clientId] = [fresh('user'), fresh('client')]
      for (const [target, of] of [
        [{ kind: 'user', sub }, { sub }],
        [{ kind: 'client', clientId }, { clientId }],
        [{ kind: 'everything' }, {}],
      ] as const) {
        const ended = await state.openFamily(login(of))
        const other = await state.openFamily(login())
        for (const { id } of [ended, other]) forward(id)
        const { end } = await state.revocationLog()
        await state.cutOff(target, ended.createdAt)
        expect(await state.findFamily(ended.id), 'as it was said').to.include({ id: ended.id })
        await state.cutOff(target)
        expect(await state.findFamily(ended.id)).to.equal(undefined)
        const page = await state.revocationsAfter(end, 10)
        const told = 'entries' in page ? page.entries.map((entry) => entry.target) : []
        expect(told).to.include(ended.id)
        const lives = (await state.findFamily(other.id)) !== undefined
        expect(lives).to.equal(target.kind !== 'everything')
      }
      await state.close()
    })

    describe('while a clock is set', () => {
      const { now } = Date
      const set = (days: number) => {
        Date.now = () => now() + days * 86_400_000
      }
      afterEach(() => set(0))

      const records = () => {
        const database = new DatabaseSync(store.file)
        const { count } = database.prepare('SELECT count(*) AS count FROM record').get() ?? {}
        database.close()
        return Number(count)
      }

      for (const [when, told, swept, asked] of [
        ['is ahead when it is swept', 0, 365, 0],
        ['is behind when it is told', -365, 0, -365],
      ] as const)
        it(`forgets no revocation that a clock ${when}`, async () => {
          const state = await openSqlite(store.file, () => {}, { sweepInterval: 20 })
          const token = { jti: fresh('jti'), sub: 'one', clientId: 'web', issuedAt: now() / 1000 }
          const { id } = await state.openFamily(login())
          set(told)
          await state.revokeToken(token.jti, 600)
          const log = await state.revocationLog()
          // Twice, as a sweep may be under way.
          for (const _ of [1, 2]) {
            set(swept)
            changed(
              store.file,
              `INSERT INTO record (kind, id, body, expires_at) VALUES ('', '', '', 1)`,
            )
            await until(records, (count) => count === 0)
          }
          set(asked)
          expect(await state.tokenStanding(token)).to.deep.equal({ live: false })
          expect(await state.revocationLog()).to.deep.equal(log)
          expect(await state.findFamily(id)).to.include({ id })
          await state.close()
        })
    })

    it('is refused when it belongs to another program, or to a later version', async () => {
      const folder = dirname(store.file)
      mkdirSync(folder)
      const refused = (prepare: string) => {
        rmSync(store.file, { force: true })
        const database = new DatabaseSync(store.file)
        database.exec(prepare)
        database.close()
        return openState(store.options).catch((error: Error) => error.message)
      }
      expect(await refused('CREATE TABLE auth_user (id)')).to.match(/another program.*state\.url/)
      expect(
        await refused(`PRAGMA application_id = ${0x6c746368}; PRAGMA user_version = 999`),
      ).to.match(/later version/)
      writeFileSync(
        store.file,
        'this is no database, and longer than a header of one hundred bytes'.repeat(9),
      )
      expect(await openState(store.options).catch((error: Error) => error.message)).to.match(
        /cannot be used: file is not a database/,
      )
    })
  })
})
