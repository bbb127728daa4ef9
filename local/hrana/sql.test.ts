import { describe, expect, it } from 'vitest'
import { hasSeveral, onlyReads } from './sql.ts'

describe('several statements', () => {
  it.each([
    'SELECT 1',
    'SELECT 1;',
    'SELECT 1; -- done',
    'SELECT 1; /* done */ ;',
    "SELECT ';'",
    'SELECT ";" FROM [a;b] -- ; x',
    "SELECT 'it''s; fine'",
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN INSERT INTO b VALUES (1); DELETE FROM c; END;',
  ])('are not in %s', sql => {
    expect(hasSeveral(sql)).toBe(false)
  })

  it.each([
    'SELECT 1; SELECT 2',
    "INSERT INTO t VALUES ('a'';'); DROP TABLE t",
    'SELECT 1 -- one\n; /* two */ SELECT 2',
    'CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM c; END; DROP TABLE a',
  ])('are in %s', sql => {
    expect(hasSeveral(sql)).toBe(true)
  })
})

describe('what surely reads', () => {
  it('is told by its first word, past comments', () => {
    expect(onlyReads('/* a */ -- b\n select 1')).toBe(true)
    expect(onlyReads('selection')).toBe(false)
    expect(onlyReads('-- select\n delete from t')).toBe(false)
    expect(onlyReads('BEGIN IMMEDIATE')).toBe(false)
  })
})
