// One call of the gateway as its OpenAPI description says it.
import type { z } from 'zod'

export interface ApiParameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly description: string
  readonly schema: z.ZodType
}

export interface ApiAnswer {
  readonly description: string
  /** Undefined: no body, or one that is no JSON (`text`). */
  readonly schema?: z.ZodType
  readonly text?: string
}

export interface ApiCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  /** As in its route: `/_tasks/:task`. */
  readonly path: string
  /** Unique. */
  readonly id: string
  readonly tag: 'reindex' | 'tasks' | 'connections' | 'replication' | 'gateway'
  readonly summary: string
  readonly description?: string
  readonly parameters?: readonly ApiParameter[]
  readonly body?: z.ZodType
  readonly isBodyOptional?: boolean
  readonly answers: Readonly<Record<string, ApiAnswer>>
  /** Needs no credentials. */
  readonly isOpen?: boolean
}
