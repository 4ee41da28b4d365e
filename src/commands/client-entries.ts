import { type Document, isMap, isSeq, type YAMLMap } from 'yaml'
import { editClients, openConfig } from '../config/edit.ts'

/** A client as `latchkey client list --json` prints it. */
export interface ClientEntry {
  readonly id: string
  readonly name?: string
  readonly public: boolean
  readonly authentication: string
  readonly grants: readonly string[]
  readonly apis: readonly string[]
  readonly scopes?: readonly string[]
  /** How many it has. */
  readonly secrets: number
}

type Written = Partial<Omit<ClientEntry, 'secrets'>> & { id: string; secrets?: string[] }

/** The clients as the file has them. Throws ConfigFaults. */
export function listClients(file: string): ClientEntry[] {
  const { clients = [] }: { clients?: Written[] } = openConfig(file).toJS() ?? {}
  return clients.map(({ id, name, scopes, ...client }) => ({
    id,
    ...(name && { name }),
    public: client.public ?? false,
    authentication: client.public ? 'none' : (client.authentication ?? 'secret'),
    grants: client.grants ?? [],
    apis: client.apis ?? [],
    ...(scopes && { scopes }),
    secrets: client.secrets?.length ?? 0,
  }))
}

/** Throws ConfigFaults, and Error when the client is there already or would not be valid. */
export function addClient(
  file: string,
  client: Readonly<Record<string, unknown>> & { id: string },
) {
  editClients(file, (document) => {
    if (entries(document).some((entry) => entry.get('id') === client.id))
      throw new Error(`there is a client ${client.id} already: choose another id`)
    const node = document.createNode(client)
    for (const { value } of node.items) if (isSeq(value)) value.flow = true
    const list = document.get('clients')
    if (isSeq(list)) list.flow = false
    if (isSeq(list)) list.add(node)
    else document.set('clients', document.createNode([node]))
  })
}

/** Throws ConfigFaults, and Error when there is no such client or others need it. */
export function removeClient(file: string, id: string) {
  editClients(file, (document) => {
    const index = entries(document).indexOf(entry(document, id))
    document.deleteIn(['clients', index])
  })
}

/** Throws ConfigFaults, and Error when there is no such client or it has no use for secrets. */
export function setSecrets(file: string, id: string, change: (old: unknown[]) => unknown[]) {
  editClients(file, (document) => {
    const client = entry(document, id)
    const old = client.get('secrets')
    if (isSeq(old)) old.items = change(old.items).map((secret) => document.createNode(secret))
    else client.set('secrets', document.createNode(change([])))
  })
}

function entry(document: Document, id: string): YAMLMap {
  const found = entries(document).find((entry) => entry.get('id') === id)
  if (!found) throw new Error(`there is no client ${id}: see \`latchkey client list\``)
  return found
}

function entries(document: Document): YAMLMap[] {
  const list = document.get('clients')
  return isSeq(list) ? list.items.filter((item) => isMap(item)) : []
}
