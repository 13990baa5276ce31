// What the gateway has to hear, from what happened to the device.

// kindOf is the kind of reading that a property of Zigbee2MQTT is about.
export function kindOf(property) {
  const name = property.replace(/_(alarm_)?\d+$/, "");
  return {
    smoke: "smoke", carbon_monoxide: "carbon_monoxide", gas: "gas", water_leak: "water_leak", active_water_leak: "water_leak",
    heat: "heat", high_temperature: "heat", sos: "help", contact: "door", occupancy: "motion",
    tamper: "tamper", battery_low: "battery",
  }[name];
}

// changed are the kinds of the properties in which two states differ and which the
// definition has, each with whether it is active now. That is told by what was done to the device, and not by
// the value: a contact that is published as false is open because its alarm bit is set.
export function changed(before, after, active, model, listed) {
  const kinds = new Map();
  for (const property of Object.keys(after)) {
    if (!listed.has(property)) continue;
    const kind = kindByModel(model, property) ?? kindOf(property);
    if (kind && kind !== "none" && before[property] !== after[property]) kinds.set(kind, { kind, active });
  }
  return [...kinds.values()];
}

// kindByModel are the kinds that only the model gives away.
function kindByModel(model, property) {
  if (model === "HS2FD-EF1-3.0" && property === "occupancy") return "presence";
  if (model === "HM-5HA-E" && property === "alarm") return "heat";
  if (model === "MIR-SM100-E" && /^alarm_\d$/.test(property)) return "smoke";
  if (model === "FFZB1-SM-ECO" && property === "alarm") return "smoke";
  if (model === "SPM915" && property === "contact") return "none";
  if (model === "ZBCO-AE-10X-EUR" && property === "alarm") return "carbon_monoxide";
  return undefined;
}

// meant is what a value of a property means, where it is written as a truth; null
// where it is not, or is the end of a press.
export function meant(model, property, value) {
  const kind = kindByModel(model, property) ?? kindOf(property) ?? (property === "presence" ? "presence" : undefined);
  const truth = { true: true, false: false, '"ON"': true, '"OFF"': false }[JSON.stringify(value)];
  if (!kind || kind === "none" || truth === undefined) return null;
  const active = kind === "door" ? !truth : truth;
  return kind === "help" && !active ? null : { kind, active };
}
