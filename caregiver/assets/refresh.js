// Keeps the page up to date: fetches it again and replaces the parts that live.
// Without this script the page reloads itself once a minute.
"use strict";
(() => {
  const every = 30_000;
  // Without credentials in it: a browser refuses to fetch an address that has some.
  const address = () => location.origin + location.pathname + location.search;

  async function refresh() {
    if (document.hidden) return;
    let fresh;
    try {
      const answer = await fetch(address(), { cache: "no-store", signal: AbortSignal.timeout(15_000) });
      if (!answer.ok) throw new Error(String(answer.status));
      fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      stale(true);
      return;
    }
    stale(false);
    // "said" is read out by screen readers when it changes, and only then.
    for (const id of ["stale", "said"]) retell(document.getElementById(id), fresh.getElementById(id));
    document.title = fresh.title;
    for (const old of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(old.id);
      if (now && now.innerHTML !== old.innerHTML) replace(old, now);
    }
  }

  function retell(old, now) {
    if (old && now && old.textContent !== now.textContent) old.textContent = now.textContent;
  }

  function replace(old, now) {
    for (const open of old.querySelectorAll("details[open]")) {
      const same = now.querySelector("#" + open.id);
      if (same) same.open = true;
    }
    old.replaceChildren(...now.childNodes);
  }

  function stale(yes) {
    const notice = document.getElementById("stale");
    if (notice) notice.hidden = !yes;
  }

  setInterval(refresh, every);
  document.addEventListener("visibilitychange", refresh);
})();
