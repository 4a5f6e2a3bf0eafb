/** How often one client may ask. */
@NullMarked
package io.github.esteira.gateway.ratelimit;

import org.jspecify.annotations.NullMarked;
