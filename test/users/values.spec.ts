import { expect } from 'chai'
import { readEntry } from '../../src/users/ldap/entry.ts'
import { scopesOf } from '../../src/users/scopes.ts'
import { instant, list, saysActive, saysDisabled } from '../../src/users/values.ts'

const noon = Date.UTC(2026, 0, 2, 12, 0, 0)

describe('times as databases write them', () => {
  const same: Record<string, unknown> = {
    'without a zone': '2026-01-02 12:00:00',
    'with a fraction': '2026-01-02 12:00:00.000123',
    'with T and Z': '2026-01-02T12:00:00Z',
    'in UTC by PostgreSQL': '2026-01-02 12:00:00+00',
    'east of Greenwich': '2026-01-02 17:30:00+05:30',
    'west of Greenwich': '2026-01-02 09:00:00.5-03',
    'by Entity Framework in SQLite': '2026-01-02 12:00:00.0000000+00:00',
    'in seconds': noon / 1000,
    'in seconds, as text': String(noon / 1000),
    'in milliseconds': noon,
    'in milliseconds, as a bigint': BigInt(noon),
  }
  for (const [what, value] of Object.entries(same)) {
    it(`are read ${what}`, () => {
      expect(instant(value)).to.be.within(noon, noon + 500)
    })
  }

  it('may be never, or for ever', () => {
    for (const never of [null, undefined, '', '0000-00-00 00:00:00']) {
      expect(instant(never)).to.equal(undefined)
    }
    expect(instant('infinity')).to.equal(Number.POSITIVE_INFINITY)
    expect(instant('2026-01-02')).to.equal(Date.UTC(2026, 0, 2))
  })

  it('are faults when they are something else', () => {
    for (const bad of ['yesterday', '02/01/2026', '2026-13-45 00:00:00', true, {}]) {
      expect(() => instant(bad), String(bad)).to.throw(TypeError)
    }
  })
})

describe('words for active and disabled', () => {
  it('let in only those they say yes about', () => {
    for (const yes of [1, 1n, '1', true, 't', 'TRUE', 'Active', Buffer.from([1])]) {
      expect(saysActive(yes), String(yes)).to.equal(true)
    }
    for (const no of [0, 0n, '0', false, null, undefined, '', 'suspended', 2, Buffer.from([0])]) {
      expect(saysActive(no), String(no)).to.equal(false)
    }
  })

  it('keep out those they do not say no about', () => {
    for (const no of [0, 0n, '0', false, null, undefined, '', 'f', 'FALSE', Buffer.from([0])]) {
      expect(saysDisabled(no), String(no)).to.equal(false)
    }
    for (const yes of [1, '1', true, 'yes', '2026-01-02 12:00:00', 'who knows', Buffer.from([1])]) {
      expect(saysDisabled(yes), String(yes)).to.equal(true)
    }
  })
})

describe('lists of scopes', () => {
  it('are read from text, JSON and arrays', () => {
    const scopes = ['a:read', 'b']
    for (const written of ['a:read b', ' a:read,  b ', '["a:read", "b"]', scopes]) {
      expect(list(written)).to.deep.equal(scopes)
    }
    for (const nothing of [null, undefined, '', '[]', [1, null]]) {
      expect(list(nothing)).to.deep.equal([])
    }
  })
})

describe('scopes by group', () => {
  it('come from groups that are configured, and from nothing that every object has', () => {
    const groupScopes = { editors: ['pages:write'] }
    expect(scopesOf({ groupScopes }, undefined, ['editors'])).to.deep.equal(['pages:write'])
    const names = ['constructor', '__proto__', 'toString', 'others']
    expect(scopesOf({ groupScopes }, undefined, names)).to.deep.equal([])
  })
})

describe('an entry of Active Directory', () => {
  const attributes = {
    id: 'objectGUID',
    username: 'sAMAccountName',
    email: 'mail',
    fullName: 'displayName',
    disabled: 'userAccountControl',
    passwordChangedAt: 'pwdLastSet',
  }
  const read = (more: object) =>
    readEntry(
      {
        dn: 'CN=Ada,DC=example,DC=com',
        objectGUID: Buffer.from('0123456789abcdef0123456789abcdef', 'hex'),
        sAMAccountName: 'ada',
        mail: [],
        displayName: 'Ada',
        userAccountControl: '512',
        pwdLastSet: '134118288000000000',
        ...more,
      },
      { attributes, claims: {} },
      [],
    )

  it('is read with its binary id, its flags and its times', () => {
    expect(read({})).to.deep.equal({
      id: '0123456789abcdef0123456789abcdef',
      username: 'ada',
      fullName: 'Ada',
      disabled: false,
      passwordChangedAt: 134118288000000000 / 10_000 - 11_644_473_600_000,
    })
  })

  it('is disabled by ACCOUNTDISABLE alone, or when the flags cannot be read', () => {
    expect(read({ userAccountControl: '514' })).to.include({ disabled: true })
    expect(read({ userAccountControl: '66048' })).to.include({ disabled: false })
    expect(read({ userAccountControl: [] })).to.include({ disabled: true })
  })

  it('has no time of change when the password must change', () => {
    expect(read({ pwdLastSet: '0' })).to.not.have.property('passwordChangedAt')
  })
})
