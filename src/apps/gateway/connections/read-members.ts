// Reads the members of a call as Amazon's JSON protocol does: wrong types end it at once (SerializationException), wrong values are
// gathered and told together (ValidationException), unknown members are ignored.
import { apiRefusal } from './api-refusal.ts'

type Members = Readonly<Record<string, unknown>>

export interface TextRule {
  readonly min?: number
  readonly max?: number
  readonly pattern?: string
  readonly values?: readonly string[]
}

export class MemberReader {
  private readonly wrong: string[] = []

  /** A structure; undefined where it is left out, or null. */
  members(value: unknown, path: string): Members | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value === 'object' && !Array.isArray(value)) return value as Members
    throw unexpected('a structure', path)
  }

  requiredMembers(value: unknown, path: string): Members {
    const found = this.members(value, path)
    if (found === undefined) this.require(path)
    return found ?? {}
  }

  text(value: unknown, path: string, rule: TextRule = {}): string | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'string') throw unexpected('a string', path)
    this.checkText(value, path, rule)
    return value
  }

  requiredText(value: unknown, path: string, rule: TextRule = {}): string {
    const found = this.text(value, path, rule)
    if (found === undefined) this.require(path)
    return found ?? ''
  }

  integer(value: unknown, path: string, { min, max }: { min: number; max: number }): number | undefined {
    if (value === undefined || value === null) return undefined
    if (typeof value !== 'number' || !Number.isInteger(value)) throw unexpected('an integer', path)
    if (value > max) this.refuse(value, path, `Member must have value less than or equal to ${max}`)
    if (value < min) this.refuse(value, path, `Member must have value greater than or equal to ${min}`)
    return value
  }

  list(value: unknown, path: string): readonly unknown[] | undefined {
    if (value === undefined || value === null) return undefined
    if (!Array.isArray(value)) throw unexpected('a list', path)
    return value
  }

  refuse(value: unknown, path: string, constraint: string): void {
    this.wrong.push(`Value ${quoted(value)} at '${path}' failed to satisfy constraint: ${constraint}`)
  }

  /** Throws what was found. */
  finish(): void {
    const { length } = this.wrong
    if (length === 0) return
    const count = length === 1 ? '1 validation error' : `${length} validation errors`
    throw apiRefusal('ValidationException', `${count} detected: ${this.wrong.slice(0, 20).join('; ')}`)
  }

  private require(path: string): void {
    this.wrong.push(`Value null at '${path}' failed to satisfy constraint: Member must not be null`)
  }

  private checkText(value: string, path: string, { min = 0, max, pattern, values }: TextRule): void {
    if (max !== undefined && value.length > max) {
      this.refuse(value, path, `Member must have length less than or equal to ${max}`)
    }
    if (value.length < min) this.refuse(value, path, `Member must have length greater than or equal to ${min}`)
    if (pattern !== undefined && !new RegExp(`^(?:${pattern})$`).test(value)) {
      this.refuse(value, path, `Member must satisfy regular expression pattern: ${pattern}`)
    }
    if (values && !values.includes(value)) {
      this.refuse(value, path, `Member must satisfy enum value set: [${values.join(', ')}]`)
    }
  }
}

const quoted = (value: unknown): string => `'${String(value).slice(0, 256)}'`

const unexpected = (wanted: string, path: string) =>
  apiRefusal('SerializationException', `The member '${path}' of the request is not ${wanted}.`)

/** An empty body says nothing, like `{}`. */
export function parseBody(body: Buffer): Members {
  if (body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw apiRefusal('SerializationException', 'The body of the request is not valid JSON.')
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members
  throw apiRefusal('SerializationException', 'The body of the request is not a JSON object.')
}
