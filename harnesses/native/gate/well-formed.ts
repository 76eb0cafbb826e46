// Half of a surrogate pair is no text: every server refuses the whole request for it.

/** The same value where all of its texts, names of fields included, are well-formed; else a copy with U+FFFD in their place. */
export function wellFormed<Value>(value: Value): Value {
  return repaired(value) as Value;
}

function repaired(value: unknown): unknown {
  if (typeof value === "string") return value.isWellFormed() ? value : value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    const items = value.map(repaired);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  const fields = Object.entries(value).map(([name, field]) => ({
    name: name.toWellFormed(),
    field: repaired(field),
    isSame: name.isWellFormed(),
    before: field as unknown,
  }));
  if (fields.every(({ isSame, field, before }) => isSame && field === before)) return value;
  return Object.fromEntries(fields.map(({ name, field }) => [name, field]));
}
