package io.github.esteira.gateway.problem;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.Response;
import org.apache.catalina.valves.ErrorReportValve;
import org.jspecify.annotations.Nullable;

import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;

/**
 * Answers for requests that Tomcat itself refuses, such as a malformed request line: they never
 * reach a servlet, and would be answered in HTML.
 */
public class ProblemReportValve extends ErrorReportValve {

	@Override
	protected void report(Request request, Response response, @Nullable Throwable failure) {
		int code = response.getStatus();
		if (code < 400 || response.getContentWritten() > 0 || !response.setErrorReported()) {
			return;
		}
		try {
			response.setContentType(MediaType.APPLICATION_PROBLEM_JSON_VALUE);
			response.getOutputStream().write(body(code).getBytes(StandardCharsets.UTF_8));
			response.finishResponse();
		}
		catch (IOException clientGone) {
			this.container.getLogger().debug("The client did not wait for its problem", clientGone);
		}
	}

	private static String body(int code) {
		HttpStatus status = HttpStatus.resolve(code);
		String title = status == null ? "Error" : status.getReasonPhrase();
		return "{\"title\":\"%s\",\"status\":%d}".formatted(title, code);
	}

}
