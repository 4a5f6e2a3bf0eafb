package io.github.esteira.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.context.properties.ConfigurationPropertiesBindException;
import org.springframework.boot.context.properties.ConfigurationPropertiesScan;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.validation.autoconfigure.ValidationAutoConfiguration;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.core.env.SystemEnvironmentPropertySource;

/** Starts the settings alone, without the server: every one of them is checked before anything else runs. */
@ExtendWith(OutputCaptureExtension.class)
class ConfigurationTest {

	@ConfigurationPropertiesScan
	@ImportAutoConfiguration(ValidationAutoConfiguration.class)
	static class Settings {
	}

	@Test
	void theDefaultsAreValid() {
		try (ConfigurableApplicationContext context = start()) {
			assertThat(context.isActive()).isTrue();
		}
	}

	@ParameterizedTest
	@CsvSource(delimiter = '|', textBlock = """
			gateway.upstream.base-url=inference:8080       | base-url must be http(s)://host[:port]
			gateway.upstream.base-url=http://host/path     | base-url must be http(s)://host[:port]
			gateway.upstream.base-url=http://user@host     | base-url must be http(s)://host[:port]
			gateway.upstream.base-url=ftp://host           | base-url must be http(s)://host[:port]
			gateway.upstream.connect-timeout=20s           | connect-timeout must be shorter than response-timeout
			gateway.upstream.connect-timeout=0s            | gateway.upstream.connectTimeout
			gateway.upstream.response-timeout=soon         | gateway.upstream.response-timeout
			gateway.upstream.connect-attempts=0            | gateway.upstream.connectAttempts
			gateway.upstream.max-answer-size=-1B           | max-answer-size must be between
			gateway.prediction.max-body-size=2GB           | max-body-size must be between
			gateway.rate-limit.requests=0                  | gateway.rate-limit.requests
			gateway.circuit-breaker.failure-rate=101       | gateway.circuit-breaker.failureRate
			gateway.prediction.max-instances=0             | gateway.prediction.maxInstances
			gateway.experiment.cookie-max-age=0s           | gateway.experiment.cookieMaxAge
			gateway.experiment.salt=two words              | gateway.experiment.salt
			""")
	void aWrongSettingStopsTheStartAndIsNamed(String setting, String reason, CapturedOutput output) {
		assertThatThrownBy(() -> start("--" + setting).close()).isInstanceOf(ConfigurationPropertiesBindException.class);

		assertThat(output.getOut()).contains("APPLICATION FAILED TO START", reason);
	}

	@ParameterizedTest
	@MethodSource("variablesOfTheReadme")
	void everyVariableOfTheReadmeIsRead(String variable) {
		SpringApplication application = settings();
		application.addInitializers(context -> context.getEnvironment().getPropertySources()
			.addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", Map.of(variable, "!"))));

		assertThatThrownBy(application::run).isInstanceOf(ConfigurationPropertiesBindException.class);
	}

	static List<String> variablesOfTheReadme() throws IOException {
		Matcher names = Pattern.compile("^\\| `(GATEWAY_\\w+)`", Pattern.MULTILINE)
			.matcher(Files.readString(Path.of("README.md")));
		return names.results().map(name -> name.group(1)).toList();
	}

	private static ConfigurableApplicationContext start(String... arguments) {
		return settings().run(arguments);
	}

	private static SpringApplication settings() {
		SpringApplication application = new SpringApplication(Settings.class);
		application.setWebApplicationType(WebApplicationType.NONE);
		return application;
	}

}
