import { createSecretKey } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect } from 'chai'
import { takePlace } from '../../src/oauth/grants/status.ts'
import { openState } from '../../src/state/index.ts'
import type { State } from '../../src/state/state.ts'
import { compressStatuses } from '../../src/tokens/status/document.ts'
import { createStatusLists, type StatusListParts } from '../../src/tokens/status/lists.ts'
import { listSize, permutation } from '../../src/tokens/status/permutation.ts'
import { jtiSuffix, placeInJti, statusPlace } from '../../src/tokens/status/place.ts'
import { temporaryFolder } from '../parts/temporary-folder.ts'
import { until } from '../parts/until.ts'
import { login } from '../state/login.ts'

const secret = createSecretKey(Buffer.alloc(32, 1))
const clientId = 'web'

describe('the bits of status lists', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let file: string
  let state: State

  beforeEach(async () => {
    folder = await temporaryFolder()
    file = join(folder.path, 'state.sqlite')
    state = await openState({ url: `sqlite:${file}` })
  })

  afterEach(async () => {
    await state.close()
    await folder[Symbol.asyncDispose]()
  })

  const listsWith = (parts: Partial<StatusListParts> = {}) =>
    createStatusLists({ state, clients: [clientId], secret, retention: 3600, ...parts })
  const token = async (family?: Awaited<ReturnType<State['openFamily']>>) => {
    const sub = family?.sub ?? clientId
    const serial = await state.allocateStatus({ clientId, sub, ...(family && { family }) })
    return statusPlace(clientId, serial, secret)
  }
  const statusIn = async (
    lists: ReturnType<typeof listsWith>,
    place: { list: string; idx: number },
  ) => {
    const bits = await lists.bits(place.list)
    return bits && ((bits.bytes[place.idx >> 3] ?? 0) >> (place.idx & 7)) & 1
  }
  const onesIn = (bytes: Uint8Array | undefined) =>
    bytes?.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)

  it('go on in another list when one is full, and a client is cut off in all of them', async () => {
    const first = await token()
    const lists = listsWith()
    expect(await lists.names()).to.deep.equal([first.list])
    const database = new DatabaseSync(file)
    database.exec(`INSERT INTO status
      SELECT client, serial + ${listSize - 1}, family, sub, since, at, expires_at FROM status`)
    database.close()
    const next = await token()
    const [part, number] = first.list.split('/')
    expect(next.list).to.equal(`${part}/${Number(number) + 1}`)
    expect(await lists.names()).to.deep.equal([first.list, next.list])
    await state.cutOff({ kind: 'client', clientId })
    expect(onesIn((await lists.bits(first.list))?.bytes)).to.equal(listSize)
    expect(onesIn((await lists.bits(next.list))?.bytes)).to.equal(1)
    expect(await statusIn(lists, next)).to.equal(1)
    // A list for each client, and none for a client that is not there.
    expect(await listsWith({ clients: ['other'] }).bits(first.list)).to.equal(undefined)
  })

  it('are the same in a process that starts later', async () => {
    const [ended, other] = [await state.openFamily(login()), await state.openFamily(login())]
    const places = [await token(ended), await token(other), await token(ended)]
    const lists = listsWith()
    for (const place of places) expect(await statusIn(lists, place)).to.equal(0)
    await state.endFamily(ended.id)
    for (const each of [lists, listsWith()]) {
      const statuses = await Promise.all(places.map((place) => statusIn(each, place)))
      expect(statuses).to.deep.equal([1, 0, 1])
    }
  })

  it('have a token whose place was known later than the end of its login', async () => {
    const family = await state.openFamily(login())
    const lists = listsWith({ settling: 20 })
    const before = await token(family)
    await state.endFamily(family.id)
    expect(await statusIn(lists, before)).to.equal(1)
    const late = await token(family)
    expect(await until(() => statusIn(lists, late), Boolean)).to.equal(1)
  })

  it('have no place for a login that ended before the place was known', async () => {
    const family = await state.openFamily(login())
    const take = () =>
      takePlace({ state, keys: { keys: [], refreshTokenKey: secret } }, { id: clientId }, family)
    expect(await statusIn(listsWith(), await take())).to.equal(0)
    await state.endFamily(family.id)
    const error = await take().catch((reason) => reason)
    expect(error).to.include({ name: 'OAuthError', code: 'invalid_grant' })
  })

  it('begin anew with a store that lost everything', async () => {
    const family = await state.openFamily(login())
    const place = await token(family)
    const lists = listsWith()
    await state.endFamily(family.id)
    expect(await statusIn(lists, place)).to.equal(1)
    const database = new DatabaseSync(file)
    for (const table of ['status', 'family', 'revocation', 'epoch'])
      database.exec(`DELETE FROM ${table}`)
    database.close()
    expect(await statusIn(lists, place)).to.equal(undefined)
    const second = Math.floor(Date.now() / 1000)
    await until(Date.now, (time) => time >= (second + 1) * 1000)
    const later = await token()
    expect(later.list).not.to.equal(place.list)
    expect(await statusIn(lists, later)).to.equal(0)
  })

  it('are forgotten with the last token', async () => {
    const short = await openState({ url: `sqlite:${file}`, logRetention: 0.3 })
    const lists = listsWith({ state: short, retention: 0.3 })
    const family = await short.openFamily(login())
    const serial = await short.allocateStatus({ clientId, sub: family.sub, family })
    const place = statusPlace(clientId, serial, secret)
    expect(await statusIn(lists, place)).to.equal(0)
    await until(
      () => lists.bits(place.list),
      (bits) => bits === undefined,
    )
    expect(await lists.names()).to.deep.equal([])
    await short.close()
  })

  it('have the place of a token in its jti, and in no other string', () => {
    const place = statusPlace(clientId, 1_763_000_000 * listSize + 5, secret)
    expect(placeInJti(`abc${jtiSuffix(place)}`)).to.deep.equal(place)
    const part = place.list.split('/')[0]
    for (const jti of [
      '',
      'abc',
      `abc.${part}.1.${listSize}`,
      `abc.${part}.1.-1`,
      `.${part}/1.1`,
    ]) {
      expect(placeInJti(jti), jti).to.equal(undefined)
    }
  })

  it('of a million tokens with one in a hundred ended make less than 30 KiB', async () => {
    const place = permutation('client/1', secret)
    const bytes = new Uint8Array(listSize / 8)
    for (let i = 0; i < 1_000_000; i += 100) {
      const idx = place(i)
      bytes[idx >> 3] = (bytes[idx >> 3] ?? 0) | (1 << (idx & 7))
    }
    const lst = await compressStatuses(bytes)
    // In base64url once more as a part of the JWT.
    expect((lst.length * 4) / 3).to.be.below(30 * 1024)
  })
})
