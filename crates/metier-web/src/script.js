// Our only script. Every page works without it; with it filters answer in place, news appear, and keys answer questions.
"use strict";
(() => {
  const at = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Dark or light, remembered in this browser.
  const theme = at("#theme");
  const remembered = () => { try { return localStorage.getItem("metier-theme"); } catch { return null; } };
  const dark = () => remembered() ? remembered() === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const paint = () => {
    if (remembered()) document.documentElement.dataset.theme = remembered();
    if (theme) theme.textContent = dark() ? "Light" : "Dark";
  };
  if (theme) {
    theme.hidden = false;
    theme.addEventListener("click", () => {
      try { localStorage.setItem("metier-theme", dark() ? "light" : "dark"); } catch { /* a private window: for this page only */ }
      document.documentElement.dataset.theme = dark() ? "dark" : "light";
      paint();
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
  paint();

  // Filters: fetch the same page and put its result in the place of ours.
  let asked = 0;
  const show = async (address, keep) => {
    const result = at("#result");
    const mine = ++asked;
    result.classList.add("busy");
    result.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine !== asked) return;
      const fresh = page.querySelector("#result") || page.querySelector("main");
      result.replaceChildren(...fresh.childNodes);
      if (keep) history.pushState(null, "", address);
      const count = at("#result [data-count]");
      at("#news").textContent = count ? count.dataset.count : "";
    } catch {
      at("#news").textContent = "metier does not answer: is `metier serve` still running?";
    } finally {
      if (mine === asked) { result.classList.remove("busy"); result.removeAttribute("aria-busy"); }
    }
  };
  const filters = at("form.filters");
  if (filters && at("#result")) {
    const address = () => {
      const given = [...new FormData(filters)].filter(([, value]) => value !== "");
      return filters.getAttribute("action") + "?" + new URLSearchParams(given);
    };
    let typed = 0;
    filters.addEventListener("change", () => show(address(), true));
    filters.addEventListener("input", (event) => {
      if (event.target.type !== "search") return;
      clearTimeout(typed);
      typed = setTimeout(() => show(address(), true), 200);
    });
    filters.addEventListener("submit", (event) => { event.preventDefault(); show(address(), true); });
    addEventListener("popstate", () => location.reload());
  }

  // News: what is being read, and whether there is something new.
  let shown = null;
  const news = async () => {
    const box = at("#news");
    try {
      const answer = await (await fetch("/news")).json();
      if (shown !== null && answer.revision !== shown) {
        if (at("[data-empty]")) { location.reload(); return; }
        box.replaceChildren("New sessions were read. ");
        const again = document.createElement("a");
        again.href = location.href;
        again.textContent = "Show them";
        box.append(again);
      } else if (answer.now) {
        const share = answer.bytes && answer.bytes[1] > 5e6 ? ` (${Math.floor(100 * answer.bytes[0] / answer.bytes[1])} %)` : "";
        if (share || box.dataset.work) box.textContent = answer.now + share + " …";
        box.dataset.work = "yes";
      } else if (answer.trouble) {
        box.textContent = answer.trouble;
      } else if (box.dataset.work) {
        box.textContent = "";
        delete box.dataset.work;
      }
      if (shown === null) shown = answer.revision;
    } catch {
      box.textContent = "metier does not answer: is `metier serve` still running?";
    }
    setTimeout(news, document.hidden ? 20000 : 4000);
  };
  setTimeout(news, 1500);

  // Annotation: digits answer the current question, arrows move, n goes on.
  const sheet = at("form.sheet");
  if (sheet) {
    const questions = all("fieldset.question", sheet);
    const state = at("#kept");
    let current = 0;
    const move = (to, focus = true) => {
      current = Math.max(0, Math.min(questions.length - 1, to));
      questions.forEach((question, index) => question.classList.toggle("current", index === current));
      questions[current].scrollIntoView({ block: "nearest" });
      if (focus) (at("input:checked", questions[current]) || at("input, select, textarea", questions[current])).focus({ preventScroll: true });
    };
    let waiting = Promise.resolve();
    const keep = (input) => {
      const value = input.type === "checkbox" && !input.checked ? "" : input.value;
      const body = new URLSearchParams({ question: input.name, answer: value });
      state.textContent = "keeping …";
      waiting = waiting.then(() => fetch(sheet.action, { method: "POST", body, headers: { accept: "application/json" } }))
        .then(async (answer) => {
          if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).trouble || "not kept");
          const told = await answer.json();
          state.textContent = told.said;
          input.closest("fieldset").classList.add("answered");
        })
        .catch((error) => { state.textContent = `Not kept: ${error.message}. Try again.`; });
    };
    sheet.addEventListener("change", (event) => {
      if (event.target.name) { keep(event.target); move(questions.indexOf(event.target.closest("fieldset")), false); }
    });
    questions.forEach((question, index) => question.addEventListener("focusin", () => { if (index !== current) move(index, false); }));
    addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = event.target.matches && event.target.matches("input[type=number], input[type=text], input[type=search], textarea, select");
      if (typing && event.key !== "Enter") return;
      const choice = at(`input[data-key="${CSS.escape(event.key)}"]`, questions[current]);
      if (choice) {
        choice.checked = true;
        choice.dispatchEvent(new Event("change", { bubbles: true }));
        move(current + 1);
      } else if (event.key === "j" || (event.key === "Enter" && typing)) move(current + 1);
      else if (event.key === "k") move(current - 1);
      else if (event.key === "n") waiting.then(() => at("#next") && at("#next").click());
      else return;
      event.preventDefault();
    });
    move(Math.max(0, questions.findIndex((question) => !at("input:checked", question) && !question.classList.contains("answered"))), false);
  }
})();
