// The small chart of a row: its kept window, from zero.
import { cleared, palette } from './canvas.js';
import { isGap } from './series.js';

/** Runs of neighbouring samples that belong to one line. */
function* runsOf(samples, value, step) {
  let run = [];
  for (const sample of samples) {
    if (value(sample) === undefined) continue;
    if (run.length > 0 && isGap(run[run.length - 1], sample, step)) {
      yield run;
      run = [];
    }
    run.push(sample);
  }
  if (run.length > 0) yield run;
}

/** Draws `value` of the samples between two times. Returns the top of the scale. */
export function drawSpark(canvas, samples, value, { from, to, step }) {
  const { context, width, height } = cleared(canvas);
  if (width === 0) return 0;
  let most = 0;
  for (const sample of samples) most = Math.max(most, value(sample) ?? 0);
  const x = (t) => ((t - from) / (to - from)) * width;
  const y = (v) => height - 1.5 - (most > 0 ? (v / most) * (height - 4) : 0);
  const colour = palette();
  context.lineWidth = 1.3;
  context.lineJoin = 'round';
  context.strokeStyle = colour.data;
  context.fillStyle = colour['data-fill'];
  for (const run of runsOf(samples, value, step)) {
    const line = new Path2D();
    run.forEach((sample, i) => (i === 0 ? line.moveTo : line.lineTo).call(line, x(sample.t), y(value(sample))));
    const [begin, end] = [x(run[0].t), x(run[run.length - 1].t)];
    if (run.length === 1) line.lineTo(end + 1.5, y(value(run[0])));
    const area = new Path2D(line);
    area.lineTo(end, height);
    area.lineTo(begin, height);
    context.fill(area);
    context.stroke(line);
  }
  return most;
}
