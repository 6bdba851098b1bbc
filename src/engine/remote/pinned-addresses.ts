// The addresses of one remote's name: resolved once, checked, and kept, so that a name server that changes its answer between the
// check and a connection leads nowhere else. Asked for again, and checked again, only when no connection could be made to them.
import type { LookupAddress } from 'node:dns'
import { lookup } from 'node:dns/promises'
import type { AddressBook } from '../../cluster/connection.ts'
import { IndexferryError } from '../../foundation/errors.ts'

export type Resolve = (host: string) => Promise<readonly LookupAddress[]>

export const resolveByThisMachine: Resolve = (host) => lookup(host, { all: true })

export class PinnedAddresses implements AddressBook {
  readonly #host: string
  readonly #resolve: Resolve
  /** Throws for an address that must not be connected to. */
  readonly #check: (address: string) => void
  #finding: Promise<readonly LookupAddress[]> | undefined

  constructor(host: string, resolve: Resolve, check: (address: string) => void) {
    this.#host = host
    this.#resolve = resolve
    this.#check = check
  }

  find(host: string): Promise<readonly LookupAddress[]> {
    if (host !== this.#host) {
      const sentence = `the addresses of ${this.#host} were asked for ${host}`
      return Promise.reject(new IndexferryError('INTERNAL', sentence))
    }
    this.#finding ??= this.#find()
    return this.#finding
  }

  failed(): void {
    this.#finding = undefined
  }

  async #find(): Promise<readonly LookupAddress[]> {
    try {
      const found = await this.#resolve(this.#host)
      // One forbidden address among others is enough: which of them a connection is made to is not ours to say.
      for (const { address } of found) this.#check(address)
      return found
    } catch (error) {
      this.#finding = undefined
      throw error
    }
  }
}
