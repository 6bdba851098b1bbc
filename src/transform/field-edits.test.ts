import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { batchOf, documentsOf } from '../../test/documents/batch-of.ts'
import { fc } from '../../test/documents/properties.ts'
import { createFieldEdits, type FieldEdits } from './field-edits.ts'

async function edit(source: string, edits: Partial<FieldEdits>): Promise<string> {
  const transform = createFieldEdits({ rename: [], drop: [], set: [], ...edits })
  const result = await transform.apply(batchOf([{ id: 'x', source }]))
  return documentsOf(result)[0]?.source as string
}

async function each(edits: Partial<FieldEdits>, cases: readonly (readonly [from: string, to: string])[]) {
  for (const [from, to] of cases) assert.equal(await edit(from, edits), to, from)
}

const fails = (source: string, edits: Partial<FieldEdits>, message: RegExp) =>
  assert.rejects(edit(source, edits), { code: 'TRANSFORM_FAILED', message, fields: { id: 'x' } })

describe('drop', () => {
  test('takes the right comma along and nothing else', () =>
    each({ drop: ['a'] }, [
      ['{"a":1}', '{}'],
      ['{ "a" : 1 }', '{  }'],
      ['{"a":1,"b":2}', '{"b":2}'],
      ['{"b":2,"a":1}', '{"b":2}'],
      ['{"b":2, "a":1 , "c":3}', '{"b":2 , "c":3}'],
      ['{"a":1,"a":2,"b":9007199254740993}', '{"b":9007199254740993}'],
      ['{"b":1.0,"a":1,"a":2}', '{"b":1.0}'],
      ['{"a":1,"b":1e400,"a":{"b":[{}]},"b":"\\u0041"}', '{"b":1e400,"b":"\\u0041"}'],
      ['{\n  "a": 1,\n  "b": 2\n}', '{\n  "b": 2\n}'],
      ['{"b":{"a":1}}', '{"b":{"a":1}}'],
      ['{"\\u0061":1,"b":2}', '{"b":2}'],
      ['{a:1,b:2}', '{b:2}'],
      ['{"b":1 // c\n,"a":2}', '{"b":1 // c\n}'],
    ]))

  test('paths lead through objects, arrays and keys with dots', () =>
    each({ drop: ['a.b.c'] }, [
      ['{"a":{"b":{"c":1,"d":2}}}', '{"a":{"b":{"d":2}}}'],
      ['{"a":[{"b":[{"c":1},{"d":2,"c":3}]},{"b":{"c":1}},5]}', '{"a":[{"b":[{},{"d":2}]},{"b":{}},5]}'],
      ['{"a.b.c":1,"x":2}', '{"x":2}'],
      ['{"a.b":{"c":1}}', '{"a.b":{}}'],
      ['{"a":{"b.c":1}}', '{"a":{}}'],
      ['{"a":{"b":5}}', '{"a":{"b":5}}'],
    ]))

  test('any set of members of any object: a parser sees the rest, in order', async () => {
    const members = fc.uniqueArray(fc.tuple(fc.string({ minLength: 1 }), fc.jsonValue(), fc.boolean()), {
      selector: ([key]) => key,
      maxLength: 8,
    })
    await fc.assert(
      fc.asyncProperty(members, fc.constantFrom('', ' ', '\n', ' /* , */ '), async (list, gap) => {
        const usable = list.filter(([key]) => !key.includes('.'))
        const print = (all: typeof usable) =>
          `{${all.map(([key, value]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value)}${gap}`).join(',')}}`
        const dropped = usable.filter(([, , drop]) => drop).map(([key]) => key)
        fc.pre(dropped.length > 0)
        const result = await edit(print(usable), { drop: dropped })
        const strip = (text: string) => text.replaceAll(gap === '' ? '\0' : gap, '')
        fc.pre(gap === '' || !JSON.stringify(usable).includes(gap))
        assert.equal(strip(result), strip(print(usable.filter(([, , drop]) => !drop))))
      }),
      { numRuns: 300 },
    )
  })
})

describe('rename', () => {
  test('within an object the field stays where it is', async () => {
    await each({ rename: [['a', 'z']] }, [
      ['{"a":1.0,"b":2}', '{"z":1.0,"b":2}'],
      ['{ "b":2 , "a" : 1e400 }', '{ "b":2 , "z" : 1e400 }'],
      ['{a:1}', '{"z":1}'],
      ['{"b":1}', '{"b":1}'],
      ['{"a":1,"a":2}', '{"z":1,"z":2}'],
    ])
    await each({ rename: [['a.b', 'a.z']] }, [
      ['{"a":[{"b":1},{"b":{"b":2}}]}', '{"a":[{"z":1},{"z":{"b":2}}]}'],
      ['{"a.b":1}', '{"a.z":1}'],
    ])
    await each({ rename: [['a', 'quo"te']] }, [['{"a":1}', '{"quo\\"te":1}']])
  })

  test('into another object the value moves, and objects are made', async () => {
    await each({ rename: [['a', 'x.y']] }, [
      ['{"a":9007199254740993}', '{"x":{"y":9007199254740993}}'],
      ['{"a":1,"b":2}', '{"b":2,"x":{"y":1}}'],
      ['{"b":2,"a":1}', '{"b":2,"x":{"y":1}}'],
      ['{"x":{"q":0},"a":{"k":[1]}}', '{"x":{"q":0,"y":{"k":[1]}}}'],
      ['{"a":1,"x":{}}', '{"x":{"y":1}}'],
      ['{"a":1,"x":null}', '{"x":{"y":1}}'],
      ['{"a":1,"x.z":{}}', '{"x.z":{},"x":{"y":1}}'],
    ])
    await each({ rename: [['a.b', 'c']] }, [
      ['{"a":{"b":1,"d":2}}', '{"a":{"d":2},"c":1}'],
      ['{"a":{"b":1}}', '{"a":{},"c":1}'],
      ['{"a.b":1}', '{"c":1}'],
      ['{"a":[1,{"d":2}]}', '{"a":[1,{"d":2}]}'],
    ])
    await each({ rename: [['a.b', 'a.c.d']] }, [
      ['{"a":[{"b":1},{"x":0,"b":2},{}]}', '{"a":[{"c":{"d":1}},{"x":0,"c":{"d":2}},{}]}'],
      ['{"a.b":1}', '{"a":{"c":{"d":1}}}'],
    ])
  })

  test('onto a field that is there, or out of an array, it is an error that names the document', async () => {
    await fails('{"a":1,"z":2}', { rename: [['a', 'z']] }, /document x .* field "z" already/)
    await fails('{"a":{"b":1},"a.z":2}', { rename: [['a.b', 'a.z']] }, /field "a.z" already/)
    await fails('{"a":1,"x":{"y":2}}', { rename: [['a', 'x.y']] }, /field "x.y" already/)
    await fails('{"a":1,"x":5}', { rename: [['a', 'x.y']] }, /field "x" is not an object/)
    await fails('{"a":[{"b":1}]}', { rename: [['a.b', 'c']] }, /array of objects/)
    await fails('{"a":1,"a":2}', { rename: [['a', 'x.y']] }, /more than once/)
    await fails('{"a":1', { rename: [['a', 'x.y']] }, /not a valid JSON object/)
    await fails('[]', { drop: ['a'] }, /not a valid JSON object/)
  })

  test('renames that get into the way of each other are refused before anything is read', () => {
    for (const rename of [
      [
        ['a', 'b'],
        ['b', 'c'],
      ],
      [
        ['a', 'x'],
        ['b', 'x'],
      ],
      [
        ['a', 'x'],
        ['a.b', 'y'],
      ],
      [['a', 'a.b']],
    ] as [string, string][][]) {
      assert.throws(() => createFieldEdits({ rename, drop: [], set: [] }), { code: 'USAGE' })
    }
    for (const path of ['', 'a..b', '.a']) {
      assert.throws(() => createFieldEdits({ rename: [], drop: [path], set: [] }), { code: 'USAGE' })
    }
    assert.throws(() => createFieldEdits({ rename: [], drop: [], set: [['a', 'text']] }), { code: 'USAGE' })
  })
})

describe('set', () => {
  test('replaces where the field is and appends where it is not', async () => {
    await each({ set: [['a', '1.0']] }, [
      ['{}', '{"a":1.0}'],
      ['{ }', '{"a":1.0 }'],
      ['{"b":2\n}', '{"b":2,"a":1.0\n}'],
      ['{"a":"x","b":2}', '{"a":1.0,"b":2}'],
      ['{"a":1,"a":2}', '{"a":1.0,"a":1.0}'],
    ])
    await each({ set: [['a.b', '9007199254740993']] }, [
      ['{}', '{"a":{"b":9007199254740993}}'],
      ['{"a":{"c":1}}', '{"a":{"c":1,"b":9007199254740993}}'],
      ['{"a":null}', '{"a":{"b":9007199254740993}}'],
      ['{"a":[{},{"b":0}]}', '{"a":[{"b":9007199254740993},{"b":9007199254740993}]}'],
      ['{"a":[]}', '{"a":[]}'],
      ['{"a.b":1}', '{"a.b":9007199254740993}'],
    ])
    await fails('{"a":5}', { set: [['a.b', '1']] }, /field "a" is not an object/)
    await fails('{"a":[{},5]}', { set: [['a.b', '1']] }, /field "a" is not an object/)
  })

  test('several edits of one document, in the order drop, rename, set', async () => {
    assert.equal(
      await edit('{"a":1,"b":{"c":2},"d":3}', {
        drop: ['d'],
        rename: [
          ['a', 'e'],
          ['b.c', 'f'],
        ],
        set: [
          ['d', '4'],
          ['g.h', '[]'],
          ['g.i', 'true'],
        ],
      }),
      '{"e":1,"b":{},"f":2,"d":4,"g":{"h":[],"i":true}}',
    )
  })
})

describe('batches', () => {
  test('columns and position are carried over; untouched batches are the same object', async () => {
    const transform = createFieldEdits({ rename: [], drop: ['a'], set: [] })
    const documents = [
      { id: 'q"1', routing: 'r', type: 't', parent: 'p', index: 'i', sequenceNumber: 5, version: 6, source: '{"a":1}' },
      { id: '2', source: '{"b":1}' },
      { source: '{"b":2,"a":3}' },
    ]
    const result = await transform.apply(batchOf(documents, 99))
    assert.deepEqual(documentsOf(result), [{ ...documents[0], source: '{}' }, documents[1], { source: '{"b":2}' }])
    assert.equal(result.position, 99)
    const untouched = batchOf([{ id: '1', source: '{"b":1}' }])
    assert.equal(await transform.apply(untouched), untouched)
    assert.equal(createFieldEdits({ rename: [], drop: [], set: [] }).changes, 'none')
  })
})
