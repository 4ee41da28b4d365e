import * as z from 'zod'
import { Config } from '../../src/config/schema.ts'

/** JSON Schema (2020-12) for editors: it knows the options, not the rules over several of them. */
export function editorSchema(): string {
  const schema = z.toJSONSchema(Config, {
    io: 'input',
    // Our own mark for paths; validators warn of keywords they do not know.
    override: ({ jsonSchema }) => void Reflect.deleteProperty(jsonSchema, 'path'),
  })
  return `${JSON.stringify({ title: 'Latchkey configuration', ...schema }, undefined, 2)}\n`
}
