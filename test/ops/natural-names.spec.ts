import { expect } from 'chai'
import { naturalNames } from '../../scripts/bundle/natural-names.ts'

describe('the names of functions in the bundle', () => {
  it('are not given to those that have them', () => {
    const before = [
      `const one=__name(()=>1,"one"),two=__name(async function(){const three=__name(x=>\`a\${x}\`,"three")},"two");`,
      'function four(){return 4}__name(four,"four");',
      'const object={five:__name(()=>5,"five")};',
    ]
    const after = [
      `const one=()=>1,two=async function(){const three=x=>\`a\${x}\`};`,
      'function four(){return 4}four;',
      'const object={five:()=>5};',
    ]
    expect(naturalNames(before.join(''))).to.equal(after.join(''))
  })

  it('are kept where the bundle has another, and those of classes always', () => {
    const code = [
      'class Token2{static{__name(this,"Token")}}',
      'const one2=__name(()=>1,"one"),class_=__name(class{},"class_");',
      'function four2(){}__name(four2,"four");',
      'const object={["five"]:__name(()=>5,"five")};call(__name(()=>6,"six"));',
    ].join('')
    expect(naturalNames(code)).to.equal(code)
  })
})
