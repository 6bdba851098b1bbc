// Clients of the source of a following campaign. Each owns a part of the ids and asks for one thing after the other, so that of every
// document it is known which of two contents is the later one: that with the higher `rev`.
import { ask } from '../servers/http.ts'

export interface FollowClients {
  readonly operations: number
  /** Requests whose outcome is not known, because the source was down or did not answer. */
  readonly unknown: number
  stop(): Promise<void>
}

interface ClientsOptions {
  readonly url: string
  readonly index: string
  readonly chance: () => number
  readonly ids: number
  /** The latest `rev` that was given; shared by all clients of a campaign. */
  readonly revisions: { latest: number }
}

const clientsAtOnce = 2
const answerMsMax = 4_000

export function startClients(options: ClientsOptions): FollowClients {
  const clients = Array.from({ length: clientsAtOnce }, (_, number) => new Client(options, number))
  const running = Promise.all(clients.map((client) => client.run()))
  const sum = (of: (client: Client) => number) => clients.reduce((total, client) => total + of(client), 0)
  return {
    get operations() {
      return sum((client) => client.operations)
    },
    get unknown() {
      return sum((client) => client.unknown)
    },
    stop: async () => {
      for (const client of clients) client.isStopped = true
      await running
    },
  }
}

/** Every fifth is always routed to the same place; every eleventh moves between two routings. */
export const firstRouting = (n: number): string | undefined =>
  n % 5 === 0 ? `r${n % 7}` : n % 11 === 0 ? 'here' : undefined

export const contentOf = (n: number, rev: number, chance: () => number): string => {
  const text = chance() < 0.1 ? 'long '.repeat(400) : 'ü "x" \\ 😀 '.slice(0, 3 + Math.floor(chance() * 8))
  // White space and number forms that only a copy of the bytes keeps.
  return `{"n":${n}, "rev":${rev},"group": ${n % 40},"dice":${chance().toFixed(3)}e0,"text":${JSON.stringify(text)}}`
}

class Client {
  isStopped = false
  operations = 0
  unknown = 0
  private readonly options: ClientsOptions
  private readonly number: number
  /** A request that was not answered may still be carried out, after a later one. */
  private readonly shunned = new Set<number>()
  private readonly moved = new Map<number, string>()

  constructor(options: ClientsOptions, number: number) {
    this.options = options
    this.number = number
  }

  async run(): Promise<void> {
    const { chance } = this.options
    while (!this.isStopped) {
      if (chance() < 0.04) await this.deleteByQuery()
      else await this.bulk()
      await new Promise((resolve) => setTimeout(resolve, chance() * 40))
    }
  }

  private anyNumber(): number {
    const { ids, chance } = this.options
    return Math.floor((chance() * ids) / clientsAtOnce) * clientsAtOnce + this.number
  }

  private async bulk(): Promise<void> {
    const { chance } = this.options
    const lines: string[] = []
    const numbers: number[] = []
    for (let count = 1 + Math.floor(chance() ** 2 * 60); count > 0; count--) {
      const n = this.anyNumber()
      if (this.shunned.has(n)) continue
      numbers.push(n)
      lines.push(...this.operation(n))
    }
    if (lines.length === 0) return
    const isAnswered = await this.send(`_bulk`, 'application/x-ndjson', `${lines.join('\n')}\n`)
    if (isAnswered) this.operations += numbers.length
    else for (const n of numbers) this.shunned.add(n)
  }

  private operation(n: number): string[] {
    const { chance, revisions } = this.options
    const rev = ++revisions.latest
    const at = { _id: `d-${n}`, routing: this.moved.get(n) ?? firstRouting(n) }
    const dice = chance()
    if (dice < 0.3) return [JSON.stringify({ delete: at })]
    if (at.routing !== undefined && n % 5 !== 0 && dice < 0.5) {
      const there = { ...at, routing: at.routing === 'here' ? 'there' : 'here' }
      this.moved.set(n, there.routing)
      return [JSON.stringify({ delete: at }), JSON.stringify({ index: there }), contentOf(n, rev, chance)]
    }
    if (dice < 0.5) {
      const doc = `{"doc":{"rev":${rev},"dice":${chance().toFixed(3)}},"upsert":${contentOf(n, rev, chance)}}`
      return [JSON.stringify({ update: at }), doc]
    }
    return [JSON.stringify({ index: at }), contentOf(n, rev, chance)]
  }

  /** What is found and changes meanwhile stays, so no later write is undone even if this is carried out late. */
  private async deleteByQuery(): Promise<void> {
    const { chance } = this.options
    const filter = [{ term: { group: Math.floor(chance() * 40) } }, { range: { dice: { lt: chance() } } }]
    const body = JSON.stringify({ query: { bool: { filter } } })
    await this.send('_delete_by_query?conflicts=proceed&refresh=true', 'application/json', body)
  }

  private async send(path: string, contentType: string, body: string): Promise<boolean> {
    const { url, index } = this.options
    try {
      const { status } = await ask(`${url}/${index}/${path}`, {
        method: 'POST',
        contentType,
        body,
        timeout: answerMsMax,
      })
      if (status < 300) return true
    } catch {
      // The source is down, or too slow.
    }
    this.unknown++
    return false
  }
}
