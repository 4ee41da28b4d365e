import { expect } from 'chai'
import { AmbiguousUser, type Directory, DirectoryUnavailable } from '../../src/users/directory.ts'
import { mayEnter, password } from './people.ts'
import { refusal } from './refusal.ts'

/** A kind of directory, holding the people of people.ts. Users may log in by name and by e-mail. */
export interface Kind {
  open(): Promise<Directory>
  setDisabled(username: string, disabled: boolean): Promise<void>
  setEmail(username: string, email: string): Promise<void>
  /** Makes the directory unreachable, and reachable again. */
  beginOutage(): Promise<void>
  endOutage(): Promise<void>
}

export interface Traits {
  /** Whether upper and lower case in names are the same. */
  readonly ignoresCase: boolean
  /** Whether the directory keeps two users from having one e-mail address. */
  readonly unique?: true
  /** Whether it is a file, which is always there. */
  readonly file?: true
}

const injections = [
  "' or '1'='1",
  "ada' --",
  "ada'; drop table people; --",
  'ada" or ""="',
  'ada`',
  "\\' or 1=1 -- ",
  '*',
  'a*',
  'ada)(uid=*',
  '*)(objectClass=*',
  'ada\\2a',
  '%',
  'ad_',
  '$(ada)',
  '{"$ne":null}',
]

/** What a login may rely on, whatever directory the users are in. */
export function conformsToDirectory(traits: Traits, prepare: () => Promise<Kind>): void {
  let kind: Kind
  let directory: Directory

  before(async () => {
    kind = await prepare()
    directory = await kind.open()
  })
  after(() => directory.close())

  it('finds a user by name, with all that is mapped and no more', async () => {
    const user = await directory.findByLogin('ada')
    expect(user).to.include({
      username: 'ada',
      email: 'ada@example.com',
      fullName: 'Ada Lovelace',
      disabled: false,
    })
    expect(user?.id).to.be.a('string').and.not.equal('')
    expect(user?.scopes).to.deep.equal(['items:read', 'items:write'])
    expect(user?.claims).to.deep.equal({ role: 'author' })
  })

  it('finds the same user by e-mail address and by id', async () => {
    const user = await directory.findByLogin('ada')
    expect(await directory.findByLogin('ada@example.com')).to.deep.equal(user)
    expect(await directory.findById(user?.id ?? '')).to.deep.equal(user)
  })

  it('tells users with neighbouring ids apart', async () => {
    const [ada, bob] = [await directory.findByLogin('ada'), await directory.findByLogin('bob')]
    expect(ada?.id).not.to.equal(bob?.id)
    expect(await directory.findById(bob?.id ?? '')).to.include({ username: 'bob' })
  })

  it('judges passwords', async () => {
    const user = await directory.findByLogin('ada')
    if (!user) throw new Error('no ada')
    expect(await mayEnter(directory, user, password)).to.equal(true)
    expect(await mayEnter(directory, user, `${password}!`)).to.equal(false)
    expect(await mayEnter(directory, user, '')).to.equal(false)
  })

  it('takes a name in NFC and NFD for the same, and an accent for a difference', async () => {
    expect(await directory.findByLogin('jos\u00e9')).to.include({ username: 'josé' })
    expect(await directory.findByLogin('jose\u0301')).to.include({ username: 'josé' })
    expect(await directory.findByLogin('jose')).to.equal(undefined)
    expect(await directory.findByLogin('ada\u0301')).to.equal(undefined)
  })

  it('has a rule for upper and lower case', async () => {
    const found = await directory.findByLogin('ADA')
    expect(found?.username).to.equal(traits.ignoresCase ? 'ada' : undefined)
  })

  it('finds names with characters that mean something in a query', async () => {
    for (const name of ["o'brien", 'a%b_c\\d']) {
      expect(await directory.findByLogin(name)).to.include({ username: name })
    }
  })

  it('knows nobody under a name or id that tries to be a query', async () => {
    for (const name of injections) {
      expect(await directory.findByLogin(name), name).to.equal(undefined)
      expect(await directory.findById(name), name).to.equal(undefined)
    }
    expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
  })

  it('knows nobody under a name that is not one', async () => {
    const names = ['', ' ada', 'ada ', 'ada\0', 'a\nda', '\ud800', '😀', 'a'.repeat(321)]
    for (const name of names) {
      expect(await directory.findByLogin(name), JSON.stringify(name)).to.equal(undefined)
    }
    for (const id of ['', '0', '-1', '3 ', '3abc', '99999999999999999999999999', 'null']) {
      expect(await directory.findById(id), id).to.equal(undefined)
    }
  })

  it('notices that a user was disabled and enabled, without a call to us', async () => {
    expect(await directory.findByLogin('bob')).to.include({ disabled: true })
    const id = (await directory.findByLogin('ada'))?.id ?? ''
    await kind.setDisabled('ada', true)
    expect(await directory.findById(id)).to.include({ disabled: true })
    await kind.setDisabled('ada', false)
    expect(await directory.findById(id)).to.include({ disabled: false })
  })

  if (!traits.unique)
    it('refuses a name that means two users', async () => {
      await kind.setEmail('bob', 'ada@example.com')
      const refused = await refusal(directory.findByLogin('ada@example.com'))
      const ada = await directory.findByLogin('ada')
      await kind.setEmail('bob', 'bob@example.com')
      expect(refused).to.be.instanceOf(AmbiguousUser)
      expect(ada).to.include({ username: 'ada' })
    })

  it('answers many look-ups at once', async () => {
    const found = await Promise.all(Array.from({ length: 30 }, () => directory.findByLogin('ada')))
    expect(found.map((user) => user?.username)).to.deep.equal(Array(30).fill('ada'))
  })

  it('says whether it can be asked', async () => {
    await directory.check()
    expect(await directory.findByLogin('ada')).to.include({ username: 'ada' })
  })

  if (!traits.file)
    it('is unavailable during an outage, never without a user, and comes back', async () => {
      const user = await directory.findByLogin('ada')
      await kind.beginOutage()
      const failures = await Promise.all([
        refusal(directory.findByLogin('ada')),
        refusal(directory.findById(user?.id ?? '')),
        refusal(directory.check()),
      ])
      await kind.endOutage()
      for (const failure of failures) expect(failure).to.be.instanceOf(DirectoryUnavailable)
      expect(await directory.findByLogin('ada')).to.deep.equal(user)
    })
}
