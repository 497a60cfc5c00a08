// What npm javascript-state-machine does with machines: one JSON document a line in, one observation a line out.
//
//     {"refused": true}                                  its constructor throws
//     {"state": …, "states": […], "names": […], "legal": {state: {name: target}, …}}
//
// `legal` is found by firing raw names, each on a fresh machine put into that state; a state is null where firing
// anything there is a TypeError, because the machine has no such state. `npm.py` beside this file runs it.
"use strict"

const StateMachine = require("javascript-state-machine")

function names(document) {
  const found = new Set(["init", "nonsense"])
  for (const item of [document.init, ...list(document.transitions)])
    if (item && typeof item.name === "string") found.add(item.name)
  return found
}

function states(document) {
  const found = new Set(["none", "nowhere"])
  for (const item of [{ to: document.init }, document.init, ...list(document.transitions)])
    for (const state of [list(item && item.from), list(item && item.to), item && item.from, item && item.to].flat())
      if (typeof state === "string") found.add(state)
  return found
}

function list(value) {
  return Array.isArray(value) ? value : []
}

// A state called `constructor` or `__proto__` writes its edges into what all objects share, and a machine made later
// would find them there. Everything is put back before each machine, so that each is the first of its process.
const { getOwnPropertyDescriptor, defineProperty } = Object
const { ownKeys, deleteProperty, getPrototypeOf, setPrototypeOf } = Reflect
const shared = [Object.prototype]
for (const name of ownKeys(Object.prototype)) {
  const value = getOwnPropertyDescriptor(Object.prototype, name).value
  if (typeof value === "function") shared.push(value)
}
const original = shared.map((place) => ownKeys(place).map((key) => [key, getOwnPropertyDescriptor(place, key)]))
const parents = shared.map((place) => getPrototypeOf(place))

function cleanse() {
  for (let n = 0; n < shared.length; n++) {
    const place = shared[n], before = original[n], keys = ownKeys(place)
    if (getPrototypeOf(place) !== parents[n]) setPrototypeOf(place, parents[n])
    let isAsBefore = keys.length === before.length
    for (let k = 0; isAsBefore && k < keys.length; k++) {
      isAsBefore = keys[k] === before[k][0] && getOwnPropertyDescriptor(place, keys[k]).value === before[k][1].value
    }
    if (isAsBefore) continue
    for (let k = 0; k < keys.length; k++) deleteProperty(place, keys[k])
    for (let k = 0; k < before.length; k++) {
      if (getOwnPropertyDescriptor(place, before[k][0]) === undefined) defineProperty(place, before[k][0], before[k][1])
    }
  }
}

function made(text) {
  cleanse()
  return new StateMachine(JSON.parse(text))
}

function firing(text, state, name) {
  const machine = made(text)
  machine._fsm.state = state
  try {
    machine._fsm.fire(name, [])
  } catch (error) {
    if (error instanceof TypeError) return null
    return undefined
  }
  return machine._fsm.state
}

function observe(text) {
  const document = JSON.parse(text) || {}
  let found
  try {
    const machine = made(text)
    found = { state: machine.state, states: machine.allStates(), names: machine.allTransitions() }
  } catch (error) {
    return { refused: true }
  }
  const legal = new Map()
  for (const state of states(document)) {
    if (state === "*" && !found.states.includes("*")) continue
    const edges = new Map()
    let isOrphan = false
    for (const name of names(document)) {
      const target = firing(text, state, name)
      if (target === null) isOrphan = true
      else if (target !== undefined) edges.set(name, target)
    }
    legal.set(state, isOrphan ? null : edges)
  }
  cleanse()
  return { ...found, legal }
}

// Object.fromEntries and JSON.stringify both keep an own property named __proto__.
const { fromEntries } = Object
const plain = (_, value) => (value instanceof Map ? fromEntries(value) : value)
const lines = require("readline").createInterface({ input: process.stdin })
lines.on("line", (line) => {
  if (line) process.stdout.write(JSON.stringify(observe(line), plain) + "\n")
})
