// What npm javascript-state-machine does with machines: one JSON document a line in, one observation a line out.
//
//     {"refused": true}                                  its constructor throws
//     {"state": …, "states": […], "names": […], "legal": {state: {name: target}, …}}
//
// `legal` is found by firing raw names, each on a fresh machine put into that state; a state is null where firing
// anything there is a TypeError, because the machine has no such state. `vectors.py` beside this file runs it.
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

function firing(text, state, name) {
  const machine = new StateMachine(JSON.parse(text))
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
  let machine
  try {
    machine = new StateMachine(JSON.parse(text))
  } catch (error) {
    return { refused: true }
  }
  const document = JSON.parse(text) || {}
  const legal = new Map()
  for (const state of states(document)) {
    if (state === "*" && !machine.allStates().includes("*")) continue
    const edges = new Map()
    let isOrphan = false
    for (const name of names(document)) {
      const target = firing(text, state, name)
      if (target === null) isOrphan = true
      else if (target !== undefined) edges.set(name, target)
    }
    legal.set(state, isOrphan ? null : edges)
  }
  return { state: machine.state, states: machine.allStates(), names: machine.allTransitions(), legal }
}

// Object.fromEntries and JSON.stringify both keep an own property named __proto__.
const plain = (_, value) => (value instanceof Map ? Object.fromEntries(value) : value)
const lines = require("fs").readFileSync(0, "utf8").split("\n").filter(Boolean)
for (const line of lines) console.log(JSON.stringify(observe(line), plain))
