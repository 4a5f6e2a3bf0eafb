/** The one public route, and the shape that a prediction request must have. */
@NullMarked
package io.github.esteira.gateway.prediction;

import org.jspecify.annotations.NullMarked;
