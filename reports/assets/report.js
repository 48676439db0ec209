// The table of samples of one benchmark's report: one row an answer.
(() => {
  const {byId, make, signed} = vigor;
  const data = JSON.parse(byId('data').textContent);
  const [RUN, SPLIT, ID, IMAGE, QUESTION, LABEL, STATUS, ANSWER, DECISION, CORRECT, MARGIN, FINISH, ERROR] =
    Array.from({length: 13}, (_, i) => i);
  const rows = data.rows;
  const several = data.runs.length > 1;
  const isWrong = (row) => row[STATUS] === 'scored' && row[CORRECT] === false;
  const verdict = (row) => row[STATUS] !== 'scored' ? [row[STATUS], '\u25cb ' + row[STATUS]]
    : row[CORRECT] === true ? ['right', '\u2713 right']
    : row[CORRECT] === false ? ['wrong', '\u2717 wrong'] : ['unparsed', '\u2013'];
  const answerText = (row) => row[ERROR] ? row[ERROR] : row[ANSWER];
  const picture = (row, className) => vigor.picture(data.thumbnails[row[IMAGE]], className);

  let scale = 1;
  for (const row of rows) if (row[MARGIN] !== null) scale = Math.max(scale, Math.abs(row[MARGIN]));
  function marginCell(row) {
    const cell = make('span', 'margin');
    if (row[MARGIN] === null) return cell;
    cell.append(make('span', 'value', signed(row[MARGIN])));
    const track = make('span', 'track');
    const piece = make('span', row[MARGIN] < 0 ? 'piece no' : 'piece');
    const width = 50 * Math.abs(row[MARGIN]) / scale;
    piece.style.width = width + '%';
    piece.style.left = (row[MARGIN] < 0 ? 50 - width : 50) + '%';
    track.append(piece);
    cell.append(track);
    return cell;
  }
  // Without any picture the column goes, and rows are lower.
  const bare = Object.keys(data.thumbnails).length === 0;
  byId('samples').classList.toggle('bare', bare);

  function build(index) {
    const row = rows[index];
    const asked = make('span', 'asked');
    asked.append(make('span', 'clamp', row[QUESTION]));
    asked.append(make('span', 'meta', (several ? data.runs[row[RUN]].split(' ')[0] + ' \u00b7 ' : '') + data.splits[row[SPLIT]] +
      ' \u00b7 ' + row[ID] + ' \u00b7 ' + data.images[row[IMAGE]]));
    asked.lastChild.style.display = 'block';
    const said = make('span', 'said');
    said.append(make('span', 'k', 'Answer '));
    said.append(make('span', 'clamp', answerText(row) || '(empty)'));
    const [kind, words] = verdict(row);
    const result = make('span', 'verdict');
    result.append(make('span', 'mark ' + kind, words));
    result.append(make('span', 'k', ' truth: ' + row[LABEL]));
    return [picture(row, 'picture'), asked, said, make('span', 'truth', row[LABEL]), result, marginCell(row)];
  }
  function fill(index, body) {
    const row = rows[index];
    const terms = make('dl');
    const add = (name, value) => {
      if (value === '' || value === null || value === undefined) return;
      terms.append(make('dt', '', name), make('dd', '', value, false));
    };
    const [kind, words] = verdict(row);
    add('Question', row[QUESTION]);
    add('Answer', row[ANSWER] === '' ? '(empty)' : row[ANSWER]);
    terms.append(make('dt', '', 'Result'));
    const result = make('dd');
    result.append(make('span', 'mark ' + kind, words), ' \u2013 truth is ' + row[LABEL] + (row[DECISION] ? ', read as ' + row[DECISION] : ''));
    terms.append(result);
    add('Error', row[ERROR]);
    if (row[MARGIN] !== null) add('Yes margin', signed(row[MARGIN]) + ', probability of yes ' + vigor.probability(row[MARGIN]));
    add('Ended by', row[FINISH]);
    add(data.group, data.splits[row[SPLIT]] + ', question ' + row[ID]);
    if (several) add('Run', data.runs[row[RUN]]);
    add('Picture', data.images[row[IMAGE]]);
    body.append(picture(row, 'large'), terms);
  }

  const state = {filter: 'all', split: '', run: '', order: 'asked', text: ''};
  const haystacks = rows.map(() => null);
  function matches(index) {
    const row = rows[index];
    if (state.filter === 'wrong' && !isWrong(row)) return false;
    if (state.filter === 'alarm' && !(isWrong(row) && row[DECISION] === 'yes')) return false;
    if ((state.filter === 'unparsed' || state.filter === 'failed') && row[STATUS] !== state.filter &&
        !(state.filter === 'failed' && row[STATUS] === 'unjudged')) return false;
    if (state.split !== '' && row[SPLIT] !== Number(state.split)) return false;
    if (state.run !== '' && row[RUN] !== Number(state.run)) return false;
    if (state.text === '') return true;
    haystacks[index] ??= (row[QUESTION] + '\n' + row[ANSWER] + '\n' + data.images[row[IMAGE]] + '\n' + row[ERROR] + '\n' + row[ID]).toLowerCase();
    return haystacks[index].includes(state.text);
  }
  const list = vigor.rowList({
    height: () => vigor.narrow() ? 172 : bare ? 66 : 88, build, fill, total: () => rows.length, unit: 'answers',
  });
  function apply() {
    const view = [];
    for (let index = 0; index < rows.length; ++index) if (matches(index)) view.push(index);
    const sure = (index) => rows[index][MARGIN] === null ? -1 : Math.abs(rows[index][MARGIN]);
    if (state.order === 'surest') view.sort((a, b) => sure(b) - sure(a) || a - b);
    if (state.order === 'unsure') view.sort((a, b) => (sure(a) < 0 ? Infinity : sure(a)) - (sure(b) < 0 ? Infinity : sure(b)) || a - b);
    if (state.order === 'image') view.sort((a, b) => rows[a][IMAGE] - rows[b][IMAGE] || a - b);
    list.show(view);
  }
  vigor.controls(state, ['split', 'run', 'order'], apply);
  apply();
  vigor.ready();
})();
