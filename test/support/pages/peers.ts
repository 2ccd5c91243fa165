// What docs/coming-from.md says of other libraries: each row is a row of a table there, and a test of Myelin's half of it. Of the other
// half the scripts in findings/ are the proof where `finding` names one.

import { brain } from './brain.js';
import { keras } from './keras.js';
import type { Peer } from './rows.js';
import { sklearn } from './sklearn.js';
import { tfjs } from './tfjs.js';

export type { Row } from './rows.js';

export const peers: readonly Peer[] = [keras, tfjs, brain, sklearn];
