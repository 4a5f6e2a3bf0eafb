package io.github.esteira.gateway.experiment;

import java.time.Duration;

import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import org.hibernate.validator.constraints.time.DurationMin;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How a client's experiment key is kept.
 *
 * @param cookieMaxAge how long a client stays in its variant
 * @param secureCookie whether the cookie travels over HTTPS only; off for development without TLS
 * @param salt the running experiment's salt, as the inference service has it; empty while there is none
 */
@Validated
@ConfigurationProperties("gateway.experiment")
record ExperimentProperties(@DefaultValue("30d") @NotNull @DurationMin(seconds = 1) Duration cookieMaxAge,
		@DefaultValue("true") boolean secureCookie,
		@DefaultValue("") @NotNull @Pattern(regexp = "[A-Za-z0-9._-]{0,64}") String salt) {
}
