import { expect } from 'chai'
import { faults, load, valid, withLines } from './scene.ts'

describe('the YAML of a configuration', () => {
  it('may use anchors', async () => {
    const { apis } = await load(`issuer: https://auth.example
apis:
  - { audience: https://a.example, scopes: &scopes [read] }
  - { audience: https://b.example, scopes: *scopes }
`)
    expect(apis[1]?.scopes).to.deep.equal(['read'])
  })

  const refused: Record<string, [string, string]> = {
    'an option written twice': [
      withLines('issuer: https://b.example'),
      '10:1: this option is written twice: leave one',
    ],
    'a tag': [
      withLines('keys: !secret a'),
      '10:15 keys: no tags: a value that begins with ! must be in quotes',
    ],
    'a merge key': [
      withLines('log: { <<: { level: info } }'),
      '10:8 log: no merge keys: write the options out',
    ],
    'an unknown anchor': [
      withLines('keys: *gone'),
      '10:7 keys: no such anchor: a value that begins with * must be in quotes',
    ],
    'a second document': [
      withLines('---', 'a: 1'),
      '10:1: one document only: leave out the second ---',
    ],
    'a tab': [withLines('log:', '\tlevel: info'), '11:1: a tab cannot indent YAML: use spaces'],
    'a colon too many': [
      withLines('keys: a: b'),
      '10:7: a colon too many: put the value in quotes',
    ],
    'an endless alias': ['a: &a [*a]', '1:8: too much or too deep: write it out without aliases'],
  }
  for (const [what, [text, fault]] of Object.entries(refused))
    it(`may not have ${what}`, async () => {
      expect(await faults(text)).to.deep.equal([fault])
    })

  it('may not multiply by aliases', async () => {
    const level = (depth: number) => `a${depth + 1}: &a${depth + 1} [${`*a${depth}, `.repeat(10)}]`
    const bomb = ['a0: &a0 [x]', ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map(level)].join('\n')
    expect(await faults(bomb)).to.have.lengthOf(1)
  })

  it('does not make `yes` a boolean, as YAML 1.1 did', async () => {
    expect(await faults(`%YAML 1.1\n---\n${valid}development: yes\n`)).to.deep.equal([
      '12:1 development: write true or false, not a text',
    ])
  })

  it('never has its words repeated, as they may be secret', async () => {
    const texts = [
      withLines('keys: !hunter2'),
      withLines('keys: |hunter2'),
      withLines('keys: "\\hunter2"'),
      withLines('keys: @hunter2'),
      withLines('state: hunter2'),
      withLines('  hunter2'),
      withLines('keys: *hunter2'),
    ]
    for (const text of texts) {
      const found = await faults(text)
      expect(found, text).not.to.deep.equal([])
      expect(found.join('\n')).not.to.contain('hunter2')
    }
  })
})
