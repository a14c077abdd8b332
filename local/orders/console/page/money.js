// Amounts of money as people write them. Pure.

import { UNKNOWN } from "./format.js";

const digits = (currency) => new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;

// An amount in minor units as its currency writes it; in an unknown currency as it came.
export function money(amount, currency) {
  if (!Number.isFinite(amount)) return UNKNOWN;
  try {
    const form = new Intl.NumberFormat(undefined, { style: "currency", currency });
    return form.format(amount / 10 ** digits(currency));
  } catch {
    return `${amount} ${currency ?? ""}`.trim();
  }
}
