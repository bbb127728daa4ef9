import { readFileSync } from 'node:fs'

/** Loaded before a program: its clock is wrong by as many milliseconds as the file says that SIROCCO_TEST_SKEW names, whenever it looks. */
const right = Date.now
const file = process.env.SIROCCO_TEST_SKEW ?? ''
Date.now = () => right() + Number(readFileSync(file, 'utf8'))
