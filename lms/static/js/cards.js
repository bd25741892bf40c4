// On a phone every table of the back office becomes cards: each cell takes its column's heading along.
const headings = (table) => [...table.querySelectorAll("thead tr:last-child > *")].flatMap((head) =>
  Array(head.colSpan).fill(head.querySelector(".w-sr-only") ? "" : head.textContent.trim()));

for (const table of document.querySelectorAll(".bo-table:not(.bo-rows)")) {
  const heads = headings(table);
  if (!heads.length) continue;
  for (const row of table.querySelectorAll("tbody tr, tfoot tr")) {
    let column = 0;
    for (const cell of row.cells) {
      if (cell.tagName === "TD" && cell.colSpan === 1 && heads[column]) cell.dataset.label ??= heads[column];
      column += cell.colSpan;
    }
  }
  table.classList.add("bo-rows");
}
