// Keeps the list up to date without reloading the page. What has not changed is
// left alone, so that focus, scroll position and screen readers stay where they
// are. The page works without this file.
"use strict";
(() => {
  const every = 2000, patience = 8000;
  // Without the name and password that may stand in the page's own address:
  // fetch refuses such addresses.
  const address = location.origin + location.pathname + location.search;
  const lost = document.getElementById("lost"), news = document.getElementById("news");

  const keyed = (list) => [...list.children].filter((e) => e.dataset.key !== undefined);

  // without the ages, which change every minute
  const content = (element) => {
    const copy = element.cloneNode(true);
    for (const e of copy.querySelectorAll("[data-ago]")) e.replaceWith("");
    return copy.outerHTML;
  };

  const replace = (old, fresh) => {
    const focused = old.contains(document.activeElement) ? document.activeElement.dataset.focus : undefined;
    old.replaceWith(fresh);
    if (focused) (fresh.querySelector(`[data-focus="${focused}"]`) || fresh.querySelector("[data-focus]"))?.focus();
  };

  const renew = (old, fresh) => {
    if (content(old) !== content(fresh)) return replace(old, fresh);
    const ages = fresh.querySelectorAll("[data-ago]");
    old.querySelectorAll("[data-ago]").forEach((e, i) => {
      if (ages[i] && e.textContent !== ages[i].textContent) e.replaceWith(ages[i].cloneNode(true));
    });
  };

  const renewList = (list, fresh) => {
    const before = new Map(keyed(list).map((e) => [e.dataset.key, e]));
    const added = [];
    keyed(fresh).forEach((item, place) => {
      const old = before.get(item.dataset.key);
      before.delete(item.dataset.key);
      if (old) renew(old, item);
      else {
        list.insertBefore(item, keyed(list)[place] || null);
        added.push(item);
      }
    });
    for (const gone of before.values()) gone.remove();
    return added;
  };

  const inOrder = (list, keys) => {
    const now = keyed(list);
    if (now.every((e, i) => e.dataset.key === keys[i])) return;
    const at = new Map(now.map((e) => [e.dataset.key, e]));
    for (const key of keys) list.append(at.get(key));
  };

  const take = (page) => {
    document.title = page.title;
    for (const part of document.querySelectorAll("[data-part]")) {
      const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
      if (fresh && fresh.textContent !== part.textContent) part.textContent = fresh.textContent;
    }
    for (const list of document.querySelectorAll("[data-list]")) {
      const fresh = page.querySelector(`[data-list="${list.dataset.list}"]`);
      if (!fresh) continue;
      const keys = keyed(fresh).map((e) => e.dataset.key);
      const added = renewList(list, fresh);
      inOrder(list, keys);
      const say = added.map((e) => e.dataset.say).filter(Boolean);
      if (say.length) news.textContent = say.map((s) => news.dataset.text.replace("%", s)).join(". ");
    }
  };

  const complain = (silent) => {
    if (lost.hidden === silent) return;
    lost.hidden = silent;
    lost.textContent = silent ? "" : lost.dataset.text;
  };

  const look = async () => {
    try {
      const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(patience) });
      if (answer.status === 401) return location.reload();
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.querySelector("[data-list]")) throw new Error(`status ${answer.status}`);
      take(page);
      complain(true);
    } catch {
      complain(false);
    }
    setTimeout(look, every);
  };
  setTimeout(look, every);
})();
