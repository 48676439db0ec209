// The samples of a report of several runs: one row a question, with the answer of each run.
// docs/format-report.md describes the data.
(() => {
  const {byId, make, signed} = vigor;
  const data = JSON.parse(byId('data').textContent);
  const {texts, sections, images, subjects} = data;
  if (sections.length === 0) { vigor.ready(); return; }
  const MARKS = {
    r: ['right', '\u2713', 'right'], w: ['wrong', '\u2717', 'wrong'], s: ['open', '\u2022', 'scored'],
    u: ['unparsed', '\u25cb', 'unparsed'], f: ['failed', '\u25cb', 'failed'], j: ['unjudged', '\u25cb', 'unjudged'],
    '-': ['missing', '\u2013', 'not asked'],
  };
  // Thumbnails are most of the page: they are read when the first row is drawn, after the first paint.
  let thumbnails = null;
  function picture(section, row, className) {
    thumbnails ??= JSON.parse(byId('pictures').textContent);
    return vigor.picture(thumbnails[section.image[row]], className);
  }

  // Regressed and improved are against the first run of the section.
  const isWrong = (answers, row) => answers.state[row] === 'w';
  function moved(section, answers, row) {
    const base = section.answers[0], was = base.score[row], now = answers.score[row];
    if (answers === base || was === null || now === null) return 0;
    return now - was;
  }
  const TESTS = {
    all: () => true,
    differ: (section, answers, row) => moved(section, answers, row) !== 0,
    regressed: (section, answers, row) => moved(section, answers, row) < 0,
    improved: (section, answers, row) => moved(section, answers, row) > 0,
    wrong: (section, answers, row) => isWrong(answers, row),
    unparsed: (section, answers, row) => answers.state[row] === 'u',
    failed: (section, answers, row) => 'fj'.includes(answers.state[row]),
  };
  const state = {filter: 'all', section: '0', group: '', run: '', order: 'asked', text: ''};
  let section = sections[0];
  const bare = data.pictures === 0;
  byId('samples').classList.toggle('bare', bare);

  function chip(position, row) {
    const answers = section.answers[position];
    const [kind, symbol, words] = MARKS[answers.state[row]];
    const element = make('span', 'chip ' + kind);
    const change = moved(section, answers, row);
    if (change !== 0) element.classList.add(change < 0 ? 'regressed' : 'improved');
    element.append(make('b', '', subjects[section.runs[position]].letter), make('i', '', symbol));
    element.append(make('span', 'sr', words));
    const text = texts[answers.text[row]] || (answers.state[row] === '-' ? '' : '(empty)');
    element.append(make('span', 'words', text.length > 240 ? text.slice(0, 240) + '\u2026' : text));
    return element;
  }
  function build(row) {
    const asked = make('span', 'asked');
    asked.append(make('span', 'clamp', texts[section.question[row]] || section.id[row]));
    const group = section.groups[section.group[row]], id = section.id[row];
    const meta = [id.startsWith(group + '/') ? '' : group, id, images[section.image[row]]].filter((part) => part);
    asked.append(make('span', 'meta', meta.join(' \u00b7 ')));
    const said = make('span', 'chips');
    section.answers.forEach((answers, position) => said.append(chip(position, row)));
    return [picture(section, row, 'picture'), asked, make('span', 'truth', texts[section.label[row]]), said];
  }
  function fill(row, body) {
    const terms = make('dl');
    const add = (name, value) => {
      if (value) terms.append(make('dt', '', name), make('dd', '', value, false));
    };
    add('Question', texts[section.question[row]]);
    add('Truth', texts[section.label[row]]);
    add('Picture', images[section.image[row]]);
    add('Sample', section.id[row]);
    const table = make('table', 'said'), head = make('tr');
    for (const name of ['Run', 'Result', 'Answer', 'Yes margin']) {
      const cell = make('th', '', name);
      cell.scope = 'col';
      head.append(cell);
    }
    const top = make('thead');
    top.append(head);
    const lines = make('tbody');
    section.answers.forEach((answers, position) => {
      const subject = subjects[section.runs[position]];
      const [kind, symbol, words] = MARKS[answers.state[row]];
      const line = make('tr'), who = make('th');
      who.scope = 'row';
      who.append(make('b', '', subject.letter), ' ', make('bdi', '', subject.name));
      const result = make('td');
      const outcome = texts[answers.outcome[row]];
      result.append(make('span', 'mark ' + kind, symbol + ' ' + words));
      if (outcome) result.append(make('small', '', outcome));
      const change = moved(section, answers, row);
      if (change !== 0) result.append(make('small', 'mark ' + (change < 0 ? 'wrong' : 'right'), change < 0 ? 'regressed' : 'improved'));
      const margin = answers.margin ? answers.margin[row] : null;
      line.append(who, result, make('td', 'answer', texts[answers.text[row]], false),
        make('td', 'n', margin === null ? '' : signed(margin)));
      lines.append(line);
    });
    table.append(top, lines);
    const room = make('div', 'scroll');
    room.tabIndex = 0;
    room.setAttribute('role', 'region');
    room.setAttribute('aria-label', 'Answers to this question');
    room.append(table);
    body.append(picture(section, row, 'large'), terms, room);
  }

  function haystack(row) {
    section.hay ??= section.id.map(() => null);
    return section.hay[row] ??= [section.id[row], texts[section.question[row]], images[section.image[row]],
      ...section.answers.map((answers) => texts[answers.text[row]])].join('\n').toLowerCase();
  }
  function asking() {
    return state.run === '' ? section.answers : section.answers.filter((_, position) => section.runs[position] === Number(state.run));
  }
  // How many samples each button would show, for the section and run that are chosen.
  function count() {
    const chosen = asking();
    for (const button of document.querySelectorAll('[data-filter]')) {
      const test = TESTS[button.dataset.filter];
      let number = 0;
      for (let row = 0; row < section.id.length; ++row) if (chosen.some((answers) => test(section, answers, row))) ++number;
      button.querySelector('.number').textContent = number.toLocaleString('en');
      button.disabled = number === 0 && button.dataset.filter !== state.filter;
    }
  }
  function options(select, first, choices) {
    select.replaceChildren();
    for (const [value, text] of [['', first], ...choices]) {
      const option = make('option', '', text);
      option.value = value;
      select.append(option);
    }
    select.hidden = choices.length < 2;
  }
  const list = vigor.rowList({
    height: () => section.answers.length > 6 ? (vigor.narrow() ? 200 : 104) : vigor.narrow() ? 160 : bare ? 72 : 88,
    build, fill, total: () => section.id.length, unit: 'questions',
  });
  function enter() {
    section = sections[Number(state.section)];
    byId('list').dataset.runs = section.answers.length > 6 ? 'many' : section.answers.length > 2 ? 'some' : 'few';
    options(byId('group'), 'every group', section.groups.map((name, i) => [String(i), name]));
    options(byId('run'), 'any run', section.runs.map((subject) =>
      [String(subject), subjects[subject].letter + ' ' + subjects[subject].name]));
    state.group = state.run = '';
    count();
  }
  function apply(what) {
    if (what === 'section') enter();
    if (what === 'run') count();
    const chosen = asking(), test = TESTS[state.filter], view = [];
    for (let row = 0; row < section.id.length; ++row) {
      if (state.group !== '' && section.group[row] !== Number(state.group)) continue;
      if (!chosen.some((answers) => test(section, answers, row))) continue;
      if (state.text !== '' && !haystack(row).includes(state.text)) continue;
      view.push(row);
    }
    if (state.order === 'worst') {
      // What fell furthest first; among equals the one whose margin moved most against the truth.
      const sign = (row) => texts[section.label[row]].toLowerCase() === 'no' ? -1 : 1;
      const key = section.id.map((_, row) => {
        let worst = 0;
        for (const answers of chosen) {
          const base = section.answers[0];
          const step = moved(section, answers, row);
          const slide = answers.margin && base.margin && answers.margin[row] !== null && base.margin[row] !== null
            ? sign(row) * (answers.margin[row] - base.margin[row]) : 0;
          worst = Math.min(worst, step * 1e6 + Math.max(-1e5, Math.min(1e5, slide)));
        }
        return worst;
      });
      view.sort((a, b) => key[a] - key[b] || a - b);
    }
    if (state.order === 'split') {
      const right = section.id.map((_, row) => section.answers.filter((answers) => answers.state[row] === 'r').length);
      const middle = section.answers.length / 2;
      view.sort((a, b) => Math.abs(right[a] - middle) - Math.abs(right[b] - middle) || a - b);
    }
    if (state.order === 'image') view.sort((a, b) => section.image[a] - section.image[b] || a - b);
    list.show(view);
  }
  enter();
  vigor.controls(state, ['section', 'group', 'run', 'order'], apply);
  apply();
  vigor.ready();
})();
